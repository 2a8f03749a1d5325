"""What stands beside the verdict: other leads, failures that were survived, mixed logs."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import code
from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.diagnosis import Other
from trainwatch.diagnose.lead import Lead
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.words import ranks_words, sentence
from trainwatch.events import NOBODY, RankId
from trainwatch.health.words import duration

MAX_OTHERS = 6
_TELLING = (Standing.ROOT, Standing.OUTER, Standing.TIMEOUT)
_ENOUGH = 16
"""Losses from which two logs are compared."""


def others(case: Case, lead: Lead | None, leads: Sequence[Lead]) -> tuple[Other, ...]:
    """Findings beside the verdict, each sort once."""
    found = [*_leads(lead, leads), *_before(case, lead)]
    unique = list(dict.fromkeys(found))
    return tuple(unique[:MAX_OTHERS])


def _leads(lead: Lead | None, leads: Sequence[Lead]) -> Iterator[Other]:
    for one in leads:
        echo = one.standing is Standing.ECHO or one.standing is Standing.CLEAN_UP
        same = lead is not None and (
            (one.name, one.standing) == (lead.name, lead.standing)
            or (one.category is lead.category and one.category is not None)
        )
        if one is not lead and not (echo and lead is not None) and not same:
            yield Other(one.category, sentence(one.summary))


def _before(case: Case, lead: Lead | None) -> Iterator[Other]:
    """Failures that were survived, or that an attempt before died of."""
    seen: dict[object, list[Clue]] = {}
    for clue in case.past:
        if clue.signature.standing in _TELLING:
            seen.setdefault((clue.signature.category, case.who(clue)), []).append(clue)
    for clues in seen.values():
        first = clues[0]
        ranks = {case.who(clue) for clue in clues}
        what = first.exception or first.signature.name.replace("_", " ")
        whose = ranks_words(ranks)
        again = lead is not None and first.signature.category is lead.category
        same = again and lead is not None and bool(ranks & set(lead.charges))
        if first.signature is code.UNCAUGHT and not again and first.who == NOBODY:
            continue  # printed and handled, as of an optional import that is not there
        if same:
            text = f"the same happened before, on {whose} too: {what} ({_where(first)})"
        elif ranks == {NOBODY}:
            text = f"before it there was {what} ({_where(first)}), and the training went on"
        else:
            text = f"{whose} had {what} before ({_where(first)}), and the training went on"
        yield Other(first.signature.category, sentence(text))


def _where(clue: Clue) -> str:
    line = "" if clue.evidence.line is None else f":{clue.evidence.line}"
    return f"{clue.evidence.file}{line}"


def _strangers(case: Case) -> tuple[str, ...]:
    """A word on logs without ranks whose losses have nothing in common: of two jobs, perhaps."""
    streams = {
        base: file.streams[NOBODY].extents["loss"]
        for base, file in sorted(case.run.files.items())
        if file.role.rank is None
        and NOBODY in file.streams
        and "loss" in file.streams[NOBODY].extents
    }
    known = [(base, loss) for base, loss in streams.items() if loss.count >= _ENOUGH]
    for (one, low), (other, high) in combinations(known, 2):
        if low.high < high.low or high.high < low.low:
            words = f"the losses in {one} and {other} have nothing in common"
            return (f"logs of one job only: {words}; if they are of two jobs, name one",)
    return ()


def counted_apart(case: Case) -> str:
    """Says so where the ranks' logs, which are quoted, number an epoch otherwise than the words."""
    both = {(view.epoch, view.shown_epoch) for view in case.health.ranks}
    known = [(own, shown) for own, shown in both if own is not None and shown not in (None, own)]
    if not known:
        return ""
    own, shown = max(known)
    return f"epoch {own:g} of the ranks' logs is epoch {shown:g} here"


def reservations(case: Case) -> tuple[str, ...]:
    """Words on what makes its logs hard to judge: clocks that disagree, logs of two jobs."""
    return (*_clocks(case), *_strangers(case))


def _clocks(case: Case) -> tuple[str, ...]:
    """A word on clocks that disagree."""
    apart = {base: offset for base, offset in case.offsets.items() if offset}
    if not apart:
        return ()
    base = max(apart, key=lambda name: abs(apart[name]))
    log = case.gathering.logs[base]
    whose = ranks_words([RankId(log.role.rank)]) if log.role.rank is not None else base
    return (
        (
            f"clocks that agree: that of {whose} is {duration(abs(apart[base]))} off, so ranks were"
            " compared by progress and not by time; run NTP on all nodes"
        ),
    )
