"""Evidence that is not there, with the exact setting or command that gives it next time."""

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import RankId
from trainwatch.formats.filenames import FileKind


def stacks(case: Case) -> tuple[str, ...]:
    """Where each rank stands inside its process."""
    pids = [case.identity.pid_of(who) for who in case.ranks]
    known = [str(pid) for pid in pids if pid is not None][:4]
    command = f"py-spy dump --pid {known[0]}" if known else "py-spy dump --pid PID"
    blind = case.live.problems if case.live else ()
    how = blind[0] if blind else f"while the processes live, on their node: {command}"
    return (
        f"the stacks of the ranks: {how}",
        "the collectives of each rank: set TORCH_FR_BUFFER_SIZE=2000, and dump the flight recorder",
    )


def liveness() -> tuple[str, ...]:
    """Whether the processes live."""
    return (
        (
            "whether the processes live: `trainwatch run` knows it; else look with ps, and judge the"
            " silence with --now TIME"
        ),
    )


def unlogged(case: Case) -> tuple[str, ...]:
    """Ranks without a log of their own."""
    silent = [who for who in case.everyone if who not in case.ranks]
    if not silent or not case.ranks:
        return ()
    return (f"a log of {ranks_words(silent)}: they left none; torchrun --log-dir DIR --tee 3",)


def console(case: Case) -> tuple[str, ...]:
    """What the launcher and the ranks' stderr said."""
    kinds = {log.role.kind for log in case.gathering.logs.values()}
    trees = any(log.role.local_rank is not None for log in case.gathering.logs.values())
    if FileKind.CONSOLE in kinds or trees or case.exits:
        return ()
    return (
        (
            "the launcher's own output and every rank's stderr, where tracebacks and exit codes stand:"
            " torchrun --log-dir DIR --tee 3 … 2>&1 | tee console.log"
        ),
    )


def ranks_own(case: Case) -> tuple[str, ...]:
    """A log of each rank."""
    if case.everyone and all(isinstance(who, RankId) for who in case.everyone):
        return ()
    return ("a log of every rank: torchrun --log-dir DIR --tee 3",)
