"""What `/proc` tells where no stack could be had: who sleeps elsewhere in the kernel than the others.

Ranks that wait in a collective all sleep (or all spin) in one way. One that sleeps in another, at both
looks, waits for something else; what for, only its stack tells, so it is a suspect and no more.
"""

from collections.abc import Iterator

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Confidence, Proof, Role, Verdict
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.live.model import BUSY, Live, Stand
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stuck import silent_for_long
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import Evidence, RankId
from trainwatch.model.snapshot import Status

NAME = "kernel"
_LEAST = 3
_PRECEDENCE = 2
_WORKS = "on a processor, computing or spinning"


def asleep(case: Case) -> Iterator[Lead]:
    """A lead where a minority of the ranks sleeps elsewhere than all the others."""
    live = case.live
    if live is None or not _blind(live) or case.health.ends.completed:
        return
    places: dict[str, list[RankId]] = {}
    for stand in live.stands:
        places.setdefault(_place(stand), []).append(stand.who)
    if "" in places or len(places) != 2 or not silent_for_long(case, live):  # noqa: PLR2004
        return
    (usual, most), (other, odd) = sorted(places.items(), key=lambda item: -len(item[1]))
    slow = other == _WORKS and case.health.status is not Status.STALLED  # it may get there yet
    if len(odd) < len(most) and not slow:
        yield _lead(case, live, (other, odd), (usual, most))


def _blind(live: Live) -> bool:
    """Whether enough processes were seen, at two looks, and no stack of any."""
    return (
        len(live.stands) >= _LEAST
        and live.seconds > 0
        and not live.moving
        and not any(stand.frames for stand in live.stands)
    )


def _place(stand: Stand) -> str:
    """How a process passes its time; "" where that is not shown."""
    if stand.state == "D":
        return f"for a disk, a network file system or a driver (state D, {stand.wchan or '?'})"
    if stand.cpu >= BUSY:
        return _WORKS
    return f"in the kernel's {stand.wchan}" if stand.wchan else ""


def _lead(
    case: Case, live: Live, odd: tuple[str, list[RankId]], usual: tuple[str, list[RankId]]
) -> Lead:
    (place, who), (others, rest) = odd, usual
    charge = Charge(Role.SUSPECT, f"its main thread waits {place}, unlike the others'")
    pid = next(stand.pid for stand in live.stands if stand.who == who[0])
    return Lead(
        name=NAME,
        category=None,
        verdict=Verdict.FAILED if case.failed and not case.info.stopped else Verdict.HANG,
        standing=Standing.TIMEOUT,
        precedence=_PRECEDENCE,
        summary=f"{ranks_words(who)} waits {place}, {ranks_words(rest)} {others}: it may be what"
        " they wait for; no stack could be had",
        confidence=Confidence.POSSIBLE,
        when=When(case.crew.attempt),
        charges=dict.fromkeys(who, charge),
        victims=dict.fromkeys(rest, f"its main thread waits {others}, as most do"),
        proofs=(
            Proof(Evidence(f"/proc/{pid}", None, 0, f"{ranks_words(who)} waits {place}"), "/proc"),
        ),
        refute="if its stack shows the same call as those of the others",
        advice=(f"see its stack: py-spy dump --pid {pid}",),
        missing=tuple(f"the stacks of the ranks: {problem}" for problem in live.problems),
    )
