"""Who stands still, from two looks at the processes: the one that does not wait for the others.

Ranks whose stacks wait in a collective wait for somebody. A rank that did not move between the
looks, did no work, and stands elsewhere is what they wait for. Where all wait, the flight recorder
may tell who is in the wrong call; stacks alone do not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Proof, Role, Verdict
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.live.model import Live, Stand
from trainwatch.diagnose.live.where import Spot, spot_of
from trainwatch.diagnose.phases import phase_of_position
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import Evidence, RankId
from trainwatch.health.words import duration
from trainwatch.model.snapshot import Status

NAME = "stacks"
_STOPPED = ("T", "t")
_SOON = 8.0
_UNKNOWN = 15.0
_STARTING = 60.0
_PRECEDENCE = 1
_MAX_PROOFS = 6
_LATER = 30.0
"""Seconds from which two looks are two moments, and not one."""

_REFUTE = "if that stack moves within a minute, or the rank writes another line"
_REFUTE_STORED = "if the rank wrote another line after that moment"


@dataclass(frozen=True, slots=True)
class _Sort:
    category: Category | None
    phase: DiagnosedPhase | None
    summary: str
    advice: tuple[str, ...]
    confidence: Confidence = Confidence.LIKELY


def stuck(case: Case) -> Iterator[Lead]:
    """A lead where the looks show who stands still."""
    live = case.live
    if live is None or not live.stands:
        return
    spots = {stand.who: spot_of(stand) for stand in live.stands}
    stands = {stand.who: stand for stand in live.stands}
    stopped = [who for who, stand in stands.items() if stand.state in _STOPPED]
    if stopped and not case.health.ends.completed:
        yield _lead(case, live, spots, stopped, _halted(stopped))
        return
    odd = [who for who, stand in stands.items() if _holds_up(stand, spots[who])]
    if case.health.ends.completed and not _lingers(live, spots):
        return
    still = not live.moving and (len(stands) > 1 or case.health.status is Status.STALLED)
    if not still or not odd or len(odd) == len(stands) > 1 or not silent_for_long(case, live):
        return
    yield _lead(case, live, spots, odd, _sort(case, stands, spots, odd))


def _lingers(live: Live, spots: Mapping[RankId, Spot]) -> bool:
    """Whether ranks still wait for each other though the training has said that it is over."""
    return not live.source and any(spot.waits for spot in spots.values())


def _holds_up(stand: Stand, spot: Spot) -> bool:
    """Whether a rank stands still for a reason of its own."""
    if stand.locked:
        return True
    return bool(stand.frames) and not spot.waits and not stand.moved and stand.idle


def silent_for_long(case: Case, live: Live) -> bool:
    """Whether the logs have been silent long enough, given that nothing moved between the looks."""
    quiet = [view.silent_seconds for view in case.health.ranks if view.silent_seconds is not None]
    limits = [view.silence_limit for view in case.health.ranks if view.silence_limit is not None]
    least = _least_silence(case, max(limits, default=0.0))
    if live.source:
        silent = live.time - (case.view.now - min(quiet)) if quiet else -1.0
        # Before the last line: then the clocks are not one, and the places told that it is current.
        return silent < 0 or silent > min([least, *limits])
    if case.health.status in (Status.STALLED, Status.UNKNOWN, Status.FAILED):
        return True
    if not quiet:
        return False
    if case.health.status is Status.STARTING:
        return min(quiet) > _STARTING
    if case.health.status is Status.COMPLETED:
        return min(quiet) > _UNKNOWN
    return min(quiet) > least


def _least_silence(case: Case, limit: float) -> float:
    """Seconds of silence that two looks make telling: twice the usual gap, where that is known."""
    stall = case.config.stall
    if limit >= stall.floor_unknown_seconds and limit in (
        stall.floor_unknown_seconds,
        stall.floor_starting_seconds,
    ):
        return _UNKNOWN
    usual = limit / stall.factor if limit > stall.floor_seconds else 0.0
    return max(_SOON, 2 * usual)


def seen_still(case: Case) -> bool:
    """Whether the processes were looked at just now and none got on."""
    live = case.live
    if live is None or live.source or live.moving or not live.stands:
        return False
    return all(stand.idle for stand in live.stands) and silent_for_long(case, live)


def _halted(stopped: Sequence[RankId]) -> _Sort:
    return _Sort(
        Category.EXTERNAL_SIGNAL,
        None,
        f"{ranks_words(stopped)} is stopped (state T): a signal, SIGSTOP or a debugger's, holds it,"
        " and the others wait",
        ("let it go on: kill -CONT PID", "find who stopped it: a debugger, a scheduler, ctrl+z"),
        Confidence.CERTAIN,
    )


def _sort(
    case: Case, stands: Mapping[RankId, Stand], spots: Mapping[RankId, Spot], odd: Sequence[RankId]
) -> _Sort:
    first = odd[0]
    spot, who = spots[first], ranks_words(odd)
    phase = _phase(case, spots, odd)
    waits = waiting_words(spots, odd)
    if stands[first].locked:
        return _Sort(
            Category.HOST_FREEZE,
            phase,
            f"{who} holds the interpreter's lock (GIL) in {spot.place or 'a call'} and does not"
            f" return{waits}",
            (
                "that call never releases the GIL: a C extension, or a lock taken inside it",
                "py-spy dump --native shows where in C it stands",
            ),
        )
    if spot.phase is DiagnosedPhase.DATA_LOADING:
        return _Sort(
            Category.DATALOADER_HANG,
            DiagnosedPhase.DATA_LOADING,
            f"{who} is stuck in data loading, in {spot.place}{waits}",
            (
                "look at what that line reads: the file, its file system, the network",
                "a timeout for the DataLoader (timeout=300) turns such a hang into an error",
            ),
        )
    if phase is DiagnosedPhase.CHECKPOINT:
        return _Sort(
            Category.CHECKPOINT_STALL,
            phase,
            f"{who} is stuck in a checkpoint's save, in {spot.place}{waits}",
            (
                "look at the storage that checkpoints are written to: df, and a small write by hand",
                "a checkpoint that was being written is not to be trusted: resume from the one before",
            ),
        )
    return _Sort(
        None,
        phase,
        f"{who} is stuck in {spot.place}{waits}",
        ("look at what that line waits for",),
    )


def _phase(
    case: Case, spots: Mapping[RankId, Spot], odd: Sequence[RankId]
) -> DiagnosedPhase | None:
    """What the stack says; where it is silent, or in a step outside the loop, the position."""
    if case.health.ends.completed:
        return DiagnosedPhase.TEARDOWN
    waits = {spot.phase for who, spot in spots.items() if spot.waits and who not in odd}
    if waits == {DiagnosedPhase.INIT}:  # those that came first wait in it
        return DiagnosedPhase.INIT
    spot, by_position = spots[odd[0]], phase_of_position(case.phase(odd[0]))
    outside = spot.phase is DiagnosedPhase.OPTIMIZER and by_position is not None
    return by_position if spot.phase is None or outside else spot.phase


def waiting_words(spots: Mapping[RankId, Spot], odd: Sequence[RankId]) -> str:
    """Who waits for it, and in what."""
    rest = [who for who in spots if who not in odd and spots[who].waits]
    if not rest:
        return ""
    calls = dict.fromkeys(spots[who].call for who in rest)
    verb = "waits" if len(rest) == 1 else "wait"
    return f"; {ranks_words(rest)} {verb} for it in {' and '.join(list(calls)[:2])}"


def _lead(
    case: Case, live: Live, spots: Mapping[RankId, Spot], odd: Sequence[RankId], sort: _Sort
) -> Lead:
    stands = {stand.who: stand for stand in live.stands}
    everyone = len(odd) == len(stands) > 1
    once = not live.seconds and sort.category is not Category.EXTERNAL_SIGNAL
    role = Role.SUSPECT if once else Role.GUILTY  # one look shows no standstill
    guilty = {} if everyone else {who: Charge(role, why_of(stands[who])) for who in odd}
    rest = [who for who in spots if who not in guilty and not everyone]
    unsure = case.health.status is Status.UNKNOWN and not live.source
    return Lead(
        name=NAME,
        category=sort.category,
        # A hang that somebody put an end to did not fail by itself.
        verdict=Verdict.FAILED if case.failed and not case.info.stopped else Verdict.HANG,
        standing=Standing.TIMEOUT,
        precedence=_PRECEDENCE,
        summary=sort.summary + looked_at(case, live),
        phase=sort.phase,
        confidence=Confidence.POSSIBLE if unsure or once else sort.confidence,
        when=began(case),
        charges=guilty,
        victims={who: why_of(stands[who]) for who in rest if spots[who].waits},
        proofs=tuple(stack_proofs(live, case.view.utc_offset)),
        refute=_REFUTE_STORED if live.source else _REFUTE,
        advice=sort.advice,
        missing=live.problems,
    )


def began(case: Case) -> When:
    """When the ranks fell silent: what happened later follows from it."""
    quiet = [view.silent_seconds for view in case.health.ranks if view.silent_seconds is not None]
    return When(case.crew.attempt, case.view.now - min(quiet) if quiet else None)


def why_of(stand: Stand) -> str:
    """One rank's stack and state in words."""
    spot = spot_of(stand)
    words = [f"its stack waits in {spot.place}" if spot.waits else f"it stands in {spot.place}"]
    if not spot.place:
        words = ["its stack could not be had" if not stand.frames else "its stack says nothing"]
    if stand.state in ("T", "t"):
        words = ["it is stopped (state T)"]
    elif spot.by.state == "D":
        words.append("waiting for a disk, a network file system or a driver (state D)")
    if stand.locked:
        words.append("and its interpreter does not answer")
    elif not spot.waits and stand.moved is False:
        words.append(f"and did not move, {100 * spot.by.cpu:.0f} % CPU")
    return ", ".join(words)


def looked_at(case: Case, live: Live) -> str:
    """How long it has stood so, or when it was seen."""
    quiet = [view.silent_seconds for view in case.health.ranks if view.silent_seconds is not None]
    if live.source:
        return f"; {_seen(live, case.view.utc_offset)}"
    return f", for {duration(min(quiet))}" if quiet else ""


def thread_of(stand: Stand) -> str:
    """What a rank's main thread is in, and its state where that says something."""
    spot = spot_of(stand)
    state = ""
    if stand.state in _STOPPED:
        state = "stopped (state T)"
    elif spot.by.state == "D":
        state = "state D (disk)"
    elif stand.locked:
        state = "does not answer"
    elif not spot.waits and stand.moved is False:
        state = f"{100 * spot.by.cpu:.0f} % CPU"
    return "  ".join(part for part in (state, spot.place) if part)


def stack_proofs(live: Live, utc_offset: float) -> Iterator[Proof]:
    """The stacks, ranks at one place together, those that do not wait first."""
    why = f"a stack, {_seen(live, utc_offset)}" if live.source else "a stack"
    groups: dict[tuple[bool, str], list[Stand]] = {}
    for stand in live.stands:
        spot = spot_of(stand)
        state = "stopped (state T)" if stand.state in _STOPPED else ""
        groups.setdefault((spot.waits, state or spot.place), []).append(stand)
    for (_, place), some in sorted(groups.items(), key=lambda item: item[0])[:_MAX_PROOFS]:
        who = ranks_words([stand.who for stand in some])
        file = live.source or f"stack of pid {spot_of(some[0]).by.pid}"
        yield Proof(Evidence(file, None, 0, f"{who} in {place or 'no Python frame'}"), why)


def _seen(live: Live, utc_offset: float) -> str:
    """When it was written down, and since when it was the same."""
    last = _clock(live.time, utc_offset)
    if live.time - live.since < _LATER:
        return f"seen at {last}"
    return f"seen so from {_clock(live.since, utc_offset)} to {last}"


def _clock(seconds: float, utc_offset: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone(timedelta(seconds=utc_offset)))
    return f"{moment:%Y-%m-%d %H:%M:%S}"
