"""Exit codes as clues: what a worker's death by a signal, or its error without a word, means."""

from collections.abc import Iterator

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import code, endings, host
from trainwatch.diagnose.clue import START, Clue, Exited
from trainwatch.diagnose.signature import Signature, Standing
from trainwatch.events import NOBODY

_SHELL = 128
OBSERVED_LATER = "observed_later"
"""Field of an exit that torchrun did not observe first."""

_BY_SIGNAL = {
    9: host.SIGKILLED,
    11: host.SIGSEGV,
    7: host.SIGSEGV,
    4: host.SIGSEGV,
    8: host.SIGSEGV,
    6: host.SIGABRT,
    15: endings.SIGTERMED,
    2: endings.SIGTERMED,
    1: endings.SIGTERMED,
}


def exit_clues(case: Case) -> Iterator[Clue]:
    """A clue for each exit code that says something by itself."""
    forced = {clue.number("pid") for clue in case.clues if clue.signature is endings.FORCED}
    for left in case.exits:
        signature = _meaning(case, left)
        if signature is None or left.pid in forced:
            continue
        yield Clue(
            signature=signature,
            who=case.exited(left),
            evidence=left.evidence,
            base="",  # the worker left when the table says, not where the table stands
            order=START,
            stamp=left.stamp,
            attempt=case.first_attempts.get(left.base),
            fields={} if left.root else {OBSERVED_LATER: "1"},
        )


def signal_of(code_: int) -> int | None:
    """The signal that an exit code stands for; 128+N where a shell passed it on."""
    if code_ < 0:
        return -code_
    return code_ - _SHELL if code_ - _SHELL in _BY_SIGNAL else None


def _meaning(case: Case, left: Exited) -> Signature | None:
    signal = signal_of(left.code)
    if signal is None:
        return code.UNTRACED if left.code > 0 and not _spoke(case, left) else None
    signature = _BY_SIGNAL.get(signal)
    if signature is endings.SIGTERMED and not left.root:
        return None  # the launcher's tidying up
    return signature


def _spoke(case: Case, left: Exited) -> bool:
    """Whether the worker itself said why, or the one line that says why names no rank."""
    who = case.exited(left)
    clues = (*case.by_rank.get(who, ()), *case.by_rank.get(NOBODY, ()))
    return any(clue.signature.standing <= Standing.ECHO for clue in clues)
