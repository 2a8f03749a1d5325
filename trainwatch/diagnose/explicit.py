"""What the logs say outright: exceptions, signals, the scheduler, hardware; one lead a group."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from trainwatch.diagnose.case import Case, named
from trainwatch.diagnose.catalogue import (
    checkpoints,
    code,
    collectives,
    endings,
    host,
    launch,
    peers,
)
from trainwatch.diagnose.clue import THREADED, Clue
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Proof,
    Role,
    Verdict,
)
from trainwatch.diagnose.exits import OBSERVED_LATER, exit_clues, signal_of
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.phases import own_frame, phase_of_frames, phase_of_position
from trainwatch.diagnose.phrases import label_of, summary_of, why_of
from trainwatch.diagnose.signature import Blame, Signature, Standing
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import NOBODY, RankId

MAX_PROOFS = 6
AFTER_THE_END = ", after the training had said that it was complete"
_EXPLAINED_ELSEWHERE = {
    signature.name
    for signature in (
        collectives.WATCHDOG,
        collectives.WATCHDOG_STATE,
        collectives.DESYNC,
        collectives.MONITORED,
        collectives.GLOO_TIMEOUT,
        collectives.GLOO_SIZES,
        peers.PEER_LOST,
        peers.ABORTED,
    )
}
_TELL_NCCL = (
    Category.CUDA_OOM,
    Category.CUDA_KERNEL_FAULT,
    Category.GPU_HARDWARE,
    Category.PEER_LOST,
    Category.SEGFAULT,
)
_DATA_FILE = re.compile(
    r"(?i)\b(?:shards?|samples?|images?|dataset|data file|processing file|skip(?:ping|ped)?)\b"
)
_CRASHES = (4, 6, 7, 8, 11)
_STALE = "Stale file handle"
_CORRUPT = ("JSONDecodeError", "EOFError", "UnpicklingError", "BadZipFile", "SafetensorError")


def explicit(case: Case) -> Iterator[Lead]:
    """A lead for each group of clues that say the same."""
    clues = [_refined(clue) for clue in (*case.clues, *exit_clues(case))]
    groups: dict[tuple[object, ...], list[Clue]] = {}
    for clue in clues:
        standing = clue.signature.standing
        if clue.signature.name in _EXPLAINED_ELSEWHERE or standing > Standing.ECHO:
            continue
        if _handled(clue):
            continue
        groups.setdefault(_key(case, clue), []).append(clue)
    for group in groups.values():
        yield _lead(case, group)


def _handled(clue: Clue) -> bool:
    """Whether a line reports a data file that could not be read: no checkpoint, and nobody died."""
    read = clue.signature is checkpoints.CORRUPT and not clue.frames
    return read and _DATA_FILE.search(clue.evidence.text) is not None


def _refined(clue: Clue) -> Clue:
    """An exception of another kind where its traceback shows what it was about."""
    reads = (DiagnosedPhase.DATA_LOADING, DiagnosedPhase.CHECKPOINT_LOAD)
    # A handle is stale for readers as well as for writers.
    stale = clue.signature is checkpoints.NO_SPACE and _STALE in clue.evidence.text
    if stale and phase_of_frames(clue.frames) in reads:
        return replace(clue, signature=code.UNCAUGHT)
    torn = clue.signature is code.UNCAUGHT and clue.exception in _CORRUPT
    if torn and phase_of_frames(clue.frames) is DiagnosedPhase.CHECKPOINT_LOAD:
        return replace(clue, signature=checkpoints.CORRUPT)
    return clue


def _key(case: Case, clue: Clue) -> tuple[object, ...]:
    """Clues with one key have one cause: a category, and of exceptions the place as well."""
    category = clue.signature.category
    if category is not Category.USER_EXCEPTION:
        return (category,)
    frame = own_frame(clue.frames)
    who = case.who(clue)
    if clue.signature is code.UNTRACED:
        return (category, clue.signature.name)
    place = (frame.file, frame.line) if frame else _place_of(case, clue, who)
    return (category, place)


def _place_of(case: Case, clue: Clue, who: RankId) -> object:
    """A report without frames belongs to the traceback of the same rank and exception."""
    for other in case.by_rank.get(who, ()):
        if other.frames and other.signature is clue.signature:
            frame = own_frame(other.frames)
            if frame and (clue.exception in (None, other.exception)):
                return (frame.file, frame.line)
    return (clue.exception, who)


def _lead(case: Case, group: Sequence[Clue]) -> Lead:
    ordered = sorted(group, key=lambda clue: when_of(case, clue).key)
    first = _telling(ordered)
    signature = first.signature
    accused = _accused(case, ordered)
    alike = signature.blame is not Blame.NAMED and _are_all(case, accused)
    if signature is code.UNTRACED and not alike:
        seen_first = [clue for clue in ordered if OBSERVED_LATER not in clue.fields]
        accused = _accused(case, seen_first or ordered)
    phase = _phase(case, first, accused)
    standing = _standing(case, signature)
    # What only its exit code shows may be a victim's.
    weak = signature in (code.UNTRACED, host.SIGABRT)
    role = Role.SUSPECT if weak else Role.GUILTY
    lone = signature is code.UNCAUGHT and not _supported(case, ordered)
    refute = "if one rank failed clearly before the others" if alike else signature.refute
    return Lead(
        name=signature.name,
        category=signature.category,
        verdict=_verdict(case, signature, lone=lone),
        standing=standing,
        precedence=_precedence(ordered),
        summary=summary_of(case, first, accused, alike=alike)
        + (AFTER_THE_END if phase is DiagnosedPhase.TEARDOWN and _ended(case, first) else ""),
        phase=phase,
        confidence=Confidence.POSSIBLE if lone else signature.confidence,
        when=min((when_of(case, clue) for clue in ordered), key=lambda when: when.key),
        charges={} if alike else {who: Charge(role, why) for who, why in accused.items()},
        victims={},
        proofs=tuple(_proofs(case, ordered)),
        refute=refute,
        advice=signature.advice,
        missing=signature.missing,
    )


def _are_all(case: Case, accused: Collection[RankId]) -> bool:
    """Whether there is no rank beside the accused, as far as the logs tell."""
    lowest = min((who.rank for who in accused if who.rank is not None), default=0)
    if len(accused) < 2 or lowest or not set(accused) >= set(case.everyone):  # noqa: PLR2004
        return False
    tidied = [clue for clue in case.clues if clue.signature is endings.CLOSING]
    return all(case.who(clue) in accused for clue in tidied)


def _precedence(group: Sequence[Clue]) -> int:
    if group[0].signature is launch.NCCL_ERROR:
        return 1
    if all(OBSERVED_LATER in clue.fields for clue in group):
        return 2
    return int(group[0].signature is code.UNCAUGHT)


def _verdict(case: Case, signature: Signature, *, lone: bool) -> Verdict:
    over = bool(case.exits) or case.failed
    if lone:
        return Verdict.UNDECIDED
    return Verdict.FAILED if over and signature.verdict is Verdict.HANG else signature.verdict


def _supported(case: Case, group: Sequence[Clue]) -> bool:
    """Whether an exception ended its process, as far as the logs tell: it may only be a message."""
    echoes = any(clue.signature.standing is Standing.ECHO for clue in case.clues)
    traced = any(clue.frames and THREADED not in clue.fields for clue in group)
    return traced or echoes or bool(case.exits) or case.failed


def when_of(case: Case, clue: Clue) -> When:
    """When a clue was written."""
    return When(case.attempt(clue), case.seconds(clue), clue.base, clue.order)


def _telling(ordered: Sequence[Clue]) -> Clue:
    """The clue that says most: the earliest with a traceback, else the earliest."""
    same = [clue for clue in ordered if clue.signature is ordered[0].signature]
    return next((clue for clue in same if clue.frames), ordered[0])


def _accused(case: Case, group: Sequence[Clue]) -> dict[RankId, str]:
    accused: dict[RankId, str] = {}
    for clue in group:
        if clue.signature.blame is Blame.NAMED:
            ranks = [RankId(rank) for rank in named(clue)]
        elif clue.signature.blame is Blame.WRITER:
            ranks = [RankId(rank) for rank in named(clue)] or [case.who(clue)]
        else:
            ranks = [case.identity.of_pid(clue.number("pid") or clue.number("victim"))]
        for who in ranks:
            if who != NOBODY:
                accused.setdefault(who, why_of(clue))
    return accused or _only_failure(case, group)


def _only_failure(case: Case, group: Sequence[Clue]) -> dict[RankId, str]:
    """Whose an error without a rank is: of the one worker that left in the way that it leads to.

    A traceback ends in an error code, a message of native code in a crash.
    """
    writers = [clue for clue in group if clue.signature.blame is Blame.WRITER]
    signals = {who: signal_of(left.code) for who, left in case.left.items() if left.code}
    raised = [who for who, signal in signals.items() if signal is None]
    crashed = [who for who, signal in signals.items() if signal in _CRASHES]
    native = bool(writers) and not writers[0].frames and not raised
    own = crashed if native else raised
    bases = {left.base for left in case.left.values()}
    if len(own) != 1 or not writers or writers[0].base not in bases:
        return {}
    return {own[0]: f"{why_of(writers[0])}: it alone left with an error of its own"}


def _standing(case: Case, signature: Signature) -> Standing:
    """NCCL says what it was told: of a lost peer, or of the GPU, where another line shows that.

    Its set-up was fine when steps were made; its later errors are echoes.
    """
    if signature is not launch.NCCL_ERROR:
        return signature.standing
    told = any(clue.signature.category in _TELL_NCCL for clue in case.clues)
    return Standing.ECHO if case.trained or told else signature.standing


def _phase(case: Case, clue: Clue, accused: dict[RankId, str]) -> DiagnosedPhase | None:
    signature = clue.signature
    if signature is launch.NCCL_ERROR:
        return DiagnosedPhase.COLLECTIVE if case.trained else DiagnosedPhase.INIT
    if _ended(case, clue):
        return DiagnosedPhase.TEARDOWN
    found = phase_of_frames(clue.frames)
    if signature is checkpoints.NO_SPACE and found is not None:
        return found  # logs and caches fill a disk as well as checkpoints do
    if signature.phase is not None:
        return signature.phase
    if found is None and accused:
        found = phase_of_position(case.phase(next(iter(accused))))
    return found


def _ended(case: Case, clue: Clue) -> bool:
    """Whether the training had said that it was complete."""
    log = case.gathering.logs.get(clue.base)
    return log is not None and log.ended is not None and log.ended[0] < clue.order


def _proofs(case: Case, ordered: Sequence[Clue]) -> Iterator[Proof]:
    """The first line of each rank, then what else says the same."""
    seen: set[object] = set()
    for clue in sorted(ordered, key=lambda clue: not clue.frames):
        who = case.who(clue)
        key = (who, clue.signature.name, clue.base)
        if key in seen or len(seen) >= MAX_PROOFS:
            continue
        seen.add(key)
        whose = "" if who == NOBODY else f", {ranks_words([who])}"
        yield Proof(clue.evidence, f"{label_of(clue)}{whose}")
