"""Silence: a hang by phase, with the rank that stands elsewhere as the suspect."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Role, Verdict
from trainwatch.diagnose.early import ended_early
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.lines import last_lines
from trainwatch.diagnose.missing import liveness, stacks, unlogged
from trainwatch.diagnose.phases import phase_of_position
from trainwatch.diagnose.positions import Spread, places_of, spread_of
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stuck import seen_still
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import Phase, RankId
from trainwatch.health.words import duration, phase_words
from trainwatch.model.snapshot import RankStatus, Status

MAX_PROOFS = 8
EARLY = (
    "{who} came to the end of its data before the others, which wait for it in the middle of the"
    " epoch"
)
POSITION = 3
"""Precedence of what only positions show: whatever else is known of the same silence says more."""

_REFUTE = "if a rank writes another line, or its stack moves within a minute"
_CUT = "if the job was cut off as a whole: ranks that are killed together may stand one line apart"


@dataclass(frozen=True, slots=True)
class _Sort:
    """What sort of hang a spread of positions is."""

    category: Category | None
    phase: DiagnosedPhase | None
    summary: str
    advice: tuple[str, ...]


def stalls(case: Case) -> Iterator[Lead]:
    """A lead where all ranks are silent for too long and that may be a finding."""
    if case.health.ends.completed or case.failed:
        return
    if not case.ranks and case.health.status is Status.STALLED:  # a log that names no rank
        yield _together(case)
    if not case.ranks or not (_silent(case) or seen_still(case)):
        return
    spread = spread_of(case)
    if spread is not None:
        yield _apart(case, spread)
    elif _telling(case):
        yield _together(case)


def _silent(case: Case) -> bool:
    """Whether every rank that says how far it is has been silent for too long."""
    views = [case.ranks[who] for who in places_of(case)]
    return bool(views) and all(
        view.silent_seconds is not None
        and view.silence_limit is not None
        and view.silent_seconds > view.silence_limit
        and view.state is not RankStatus.FINISHED
        for view in views
    )


def _telling(case: Case) -> bool:
    """Whether silence is a finding though all stand at one place."""
    return case.info.alive is True or case.view.stated


def _apart(case: Case, spread: Spread) -> Lead:
    sort = _sort(case, spread)
    torn = _torn(case, spread)
    sure = _confidence(case, spread, torn=torn)
    charges = {who: Charge(Role.SUSPECT, spread.why(who)) for who in _accused(case, spread)}
    others = [who for who in spread.places if who not in charges]
    return Lead(
        name="positions",
        precedence=POSITION,
        category=sort.category,
        verdict=Verdict.UNDECIDED if torn else Verdict.HANG,
        standing=Standing.TIMEOUT,
        summary=sort.summary,
        phase=sort.phase,
        confidence=sure,
        when=_when(case),
        charges=charges,
        victims=dict.fromkeys(others, "it waits where most ranks wait"),
        proofs=tuple(last_lines(case, [*charges, *others])),
        refute=_CUT if spread.close or torn else _REFUTE,
        advice=(*sort.advice, *_look(case, charges)),
        missing=(*stacks(case), *unlogged(case), *(liveness() if not _telling(case) else ())),
    )


def _confidence(case: Case, spread: Spread, *, torn: bool) -> Confidence:
    if torn or (spread.close and not _telling(case)):
        return Confidence.POSSIBLE
    return Confidence.LIKELY if spread.majority is not None else Confidence.POSSIBLE


def _accused(case: Case, spread: Spread) -> tuple[RankId, ...]:
    """The odd ones; of two ranks the one whose data ended early, where its own lines say so."""
    if spread.majority is None:
        early = [who for who in spread.odd if ended_early(case, spread, who)]
        if len(early) == 1:
            return tuple(early)
    return spread.odd


def _torn(case: Case, spread: Spread) -> bool:
    """Whether a log was cut in the middle of a line: then it lags behind its rank."""
    bases = {
        member.primary.stream.role.base for member in case.crew.ranks if member.who in spread.places
    }
    return any(log.torn for base, log in case.gathering.logs.items() if base in bases)


def _sort(case: Case, spread: Spread) -> _Sort:
    odd = _accused(case, spread)
    who, places = ranks_words(odd), {spread.places[rank].phase for rank in odd}
    if Phase.CHECKPOINT in places and (spread.majority is None or len(places) == 1):
        saving = [rank for rank in odd if spread.places[rank].phase is Phase.CHECKPOINT]
        return _Sort(
            Category.CHECKPOINT_STALL,
            DiagnosedPhase.CHECKPOINT,
            f"{ranks_words(saving)} entered a checkpoint's save and did not come back; the others"
            " wait",
            (
                "look at the storage that checkpoints are written to: df, and a small write by hand",
                "a checkpoint that was being written is not to be trusted: resume from the one before",
            ),
        )
    if len(odd) == 1 or spread.majority is not None:
        return _one_side(case, spread, odd)
    return _Sort(
        None,
        None,
        f"{who} stand at different places and none of them moves: which one keeps the other"
        " waiting, position alone does not tell",
        (),
    )


def _one_side(case: Case, spread: Spread, odd: tuple[RankId, ...]) -> _Sort:
    first = odd[0]
    place, who = spread.places[first], ranks_words(odd)
    phase = phase_of_position(place.phase)
    early = ended_early(case, spread, first)
    if early:
        return _Sort(
            Category.UNEVEN_INPUTS,
            phase,
            EARLY.format(who=who),
            (
                "give every rank the same number of batches, or use Join or drop_last",
                "compare the shares: `Processing A/B files`, `COMPLETED iteration`, batch counts",
            ),
        )
    it, its, is_ = ("it", "its", "is") if len(odd) == 1 else ("they", "their", "are")
    if spread.ahead(first):
        return _Sort(
            Category.COLLECTIVE_MISMATCH,
            phase,
            f"{who} went on where the others wait: {it} left a collective out or {is_} ahead of them",
            ("look for a collective under a condition, an early `continue`, or uneven data",),
        )
    if spread.majority is not None and not spread.close and spread.majority.phase is place.phase:
        return _Sort(
            None,
            phase,
            f"{who} wrote nothing after {place.brief}, while the others went on to"
            f" {spread.majority.brief}: {it} {'hangs' if len(odd) == 1 else 'hang'} or died, or {its} log stopped",
            (f"see whether {its} process lives: ps, dmesg", f"look at {its} stderr"),
        )
    return _Sort(
        None,
        phase,
        f"{who} stopped {phase_words(place.phase)} while the others went one step further and"
        f" wait: {its} data loading or {its} computation",
        (
            f"look at what {it} {'was' if len(odd) == 1 else 'were'} to read next, and at {its} process",
        ),
    )


def _together(case: Case) -> Lead:
    """All at one place, silent, and known to live: a hang, and nobody to accuse."""
    places = places_of(case)
    place = next(iter(places.values()), None)
    phase = place.phase if place else Phase.UNKNOWN
    views = case.health.ranks
    quiet = min((view.silent_seconds or 0.0 for view in views), default=0.0)
    stand = f"all {len(views)} ranks stand at the same place" if len(views) > 1 else "it stands"
    where = place.words if place else phase_words(views[0].phase if views else phase)
    if place is None and case.whereabouts:
        where = f"{where}, {case.whereabouts}"
    whom = (
        "which rank keeps the others waiting, the logs do not show"
        if len(views) > 1
        else "why, the logs do not show"
    )
    return Lead(
        name="silence",
        category=None,
        verdict=Verdict.HANG,
        standing=Standing.TIMEOUT,
        precedence=POSITION,
        summary=f"nothing moved for {duration(quiet)}, and {stand}, {where}: {whom}",
        phase=phase_of_position(phase),
        confidence=Confidence.LIKELY,
        when=_when(case),
        proofs=tuple(last_lines(case, [view.who for view in views])),
        refute=_REFUTE,
        advice=(*_by_phase(phase), *_look(case, {})),
        missing=(*stacks(case), *unlogged(case)),
    )


def _by_phase(phase: Phase) -> tuple[str, ...]:
    if phase is Phase.TRAINING:
        return ("one rank's data loading or computation, most often: look at storage and loaders",)
    if phase is Phase.TRAIN_TO_VALIDATION:
        return ("a synchronisation of the ranks: one of them did not come to the barrier",)
    if phase is Phase.AFTER_VALIDATION:
        return ("the save of a checkpoint, or the learning-rate scheduler",)
    return ()


def _look(case: Case, charges: Mapping[RankId, Charge]) -> tuple[str, ...]:
    pids = [(who, case.identity.pid_of(who)) for who in charges or case.ranks]
    known = [f"{pid} (rank {who.label})" for who, pid in pids if pid is not None][:4]
    if not known:
        return ()
    return (f"if it still lives, see where it is: py-spy dump --pid {known[0]}",)


def _when(case: Case) -> When:
    """When the last rank fell silent."""
    silent = [view.silent_seconds for view in case.health.ranks]
    known = [seconds for seconds in silent if seconds is not None]
    return When(case.crew.attempt, case.view.now - min(known) if known else None)
