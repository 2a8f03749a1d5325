"""Who keeps the others waiting by computing: a loop that does not end, or work of one rank alone.

Two looks cannot tell them apart: both use a core, and their stacks differ. What they show is that
no rank called a further collective, that some wait in one, and who does not. Whether that is a hang,
only the silence of the logs tells; until then the rank that computes is named, and nothing claimed.
"""

from collections.abc import Iterator, Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Role, Verdict
from trainwatch.diagnose.lead import Charge, Lead
from trainwatch.diagnose.live.model import Live, Stand
from trainwatch.diagnose.live.where import spot_of
from trainwatch.diagnose.phases import phase_of_position
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stuck import (
    NAME,
    began,
    looked_at,
    silent_for_long,
    stack_proofs,
    waiting_words,
    why_of,
)
from trainwatch.diagnose.words import ranks_words
from trainwatch.model.snapshot import Status

_CATEGORIES = {DiagnosedPhase.DATA_LOADING: Category.DATALOADER_HANG}
"""What a hang there is called; a rank may well save or evaluate alone for long."""


def busy(case: Case) -> Iterator[Lead]:
    """A lead where all but the ranks that compute wait, and no collective came about."""
    live = case.live
    if live is None or not live.seconds or case.health.ends.completed:
        return
    works = [stand for stand in live.stands if _works(stand)]
    rest = [stand for stand in live.stands if stand not in works]
    stood = works and rest and all(stand.stepped is False for stand in live.stands)
    if stood and all(spot_of(stand).waits for stand in rest) and silent_for_long(case, live):
        yield _lead(case, live, works)


def _works(stand: Stand) -> bool:
    """Whether a rank does something else than to wait for others, and uses a core or a disk for it."""
    stopped = stand.state in ("T", "t") or stand.locked
    return bool(stand.frames) and not stopped and not spot_of(stand).waits and not stand.idle


def _lead(case: Case, live: Live, works: Sequence[Stand]) -> Lead:
    who = [stand.who for stand in works]
    spot = spot_of(works[0])
    phase = spot.phase or phase_of_position(case.phase(who[0]))
    sure = case.health.status not in (Status.RUNNING, Status.STARTING) and _long(case, live)
    role = Role.GUILTY if sure and not live.source else Role.SUSPECT
    spots = {stand.who: spot_of(stand) for stand in live.stands}
    what = f"{ranks_words(who)} computes in {spot.place}{waiting_words(spots, who)}"
    verdict = Verdict.FAILED if case.failed and not case.info.stopped else Verdict.HANG
    early = "; whether it gets on, its log does not show yet"
    return Lead(
        name=NAME,
        category=_CATEGORIES.get(phase) if sure and phase else None,
        verdict=verdict if sure else Verdict.UNDECIDED,
        standing=Standing.TIMEOUT,
        precedence=1,
        summary=f"{what}, and calls no collective{looked_at(case, live)}{'' if sure else early}",
        phase=phase,
        confidence=Confidence.LIKELY if role is Role.GUILTY else Confidence.POSSIBLE,
        when=began(case),
        charges={stand.who: Charge(role, _why(stand)) for stand in works},
        victims={one.who: why_of(one) for one in live.stands if spots[one.who].waits},
        proofs=tuple(stack_proofs(live, case.view.utc_offset)),
        refute="if that rank writes another line, or calls its next collective",
        advice=(
            "look at that line: a loop that does not end, a retry without a limit",
            "or work that only this rank does (an evaluation, a save): then wait, or share it",
        ),
        missing=live.problems,
    )


def _long(case: Case, live: Live) -> bool:
    """Whether a look of the past met a silence that no work of one rank alone explains."""
    return not live.source or (live.silent or 0.0) >= case.config.stall.floor_unknown_seconds


def _why(stand: Stand) -> str:
    """What an accused rank was seen in."""
    spot = spot_of(stand)
    return f"it computes in {spot.place}, {100 * spot.by.cpu:.0f} % CPU, while the others wait"
