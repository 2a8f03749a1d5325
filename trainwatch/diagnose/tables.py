"""Who left how: torchrun's failure table with the exceptions it repeats, and its agent's words."""

import re
from collections.abc import Callable

from trainwatch.diagnose.clue import Clue, Exited, Order
from trainwatch.diagnose.times import stamp_in
from trainwatch.diagnose.words import numbers_in
from trainwatch.events import Evidence
from trainwatch.parsing.faults import FaultLine
from trainwatch.parsing.torchrun import FailureBlock, WorkerEntry

_EXITCODE = re.compile(rb"^ {2}exitcode {0,6}: ?-?\d")
_TIME = re.compile(rb"^ {2}time {0,6}: ?(?P<value>.{1,40})")
_REPEATED = re.compile(
    rb"^ {2}(?=[A-Za-z_][\w.]{0,200}(?:: |:?$))(?!traceback|exitcode|error_file)"
)
_AGENT = re.compile(
    rb"failed \(exitcode: (?P<code>-?\d{1,9})\) local_rank: (?P<local>\d{1,7}) "
    rb"\(pid: (?P<pid>\d{1,9})\)"
)

_TASKS = re.compile(
    rb"^srun: error: \S{1,200}: tasks? (?P<tasks>[\d,-]{1,200}): "
    rb"(?:Exited with exit code (?P<code>\d{1,3})|(?P<signal>Killed|Terminated|Aborted|Bus error"
    rb"|Segmentation fault|Out Of Memory))"
)
_SIGNALS = {
    b"Killed": -9,
    b"Out Of Memory": -9,
    b"Terminated": -15,
    b"Aborted": -6,
    b"Bus error": -7,
    b"Segmentation fault": -11,
}

MakeClue = Callable[[FaultLine, bytes], Clue | None]


class TableReader:
    """Follows the failure tables of one log.

    Args:
        base: The log.
        make: Makes a clue of an exception that a table repeats.

    Attributes:
        exits: What was read; the last entry may still be completed.
    """

    def __init__(self, base: str, make: MakeClue) -> None:
        self.exits: list[Exited] = []
        self._base = base
        self._make = make
        self._block = FailureBlock()
        self._code_line: FaultLine | None = None
        self._time: bytes = b""
        self._entry: Exited | None = None

    def feed(self, line: FaultLine, part: int) -> bool:
        """Take a line; whether it belongs to a table or is a word of the agent."""
        outcome = self._block.feed(line.message)
        if isinstance(outcome, WorkerEntry):
            self._complete(outcome, part)
        elif outcome is True:
            self._inside(line)
        else:
            self._entry = None
            return outcome is not False or self._agent(line, part) or self._tasks(line, part)
        return True

    def _inside(self, line: FaultLine) -> None:
        found = _TIME.match(line.message)
        if found:
            self._time = found["value"]
            self._entry = None
        elif _EXITCODE.match(line.message):
            self._code_line = line
        elif self._entry is not None and _REPEATED.match(line.message):
            self._entry.raised = self._make(line, line.message[2:]) or self._entry.raised

    def _complete(self, entry: WorkerEntry, part: int) -> None:
        line, self._code_line = self._code_line, None
        if line is None or entry.exitcode is None:
            return
        self._entry = Exited(
            evidence=_evidence(line),
            base=self._base,
            order=Order(part, line.where.offset),
            code=entry.exitcode,
            rank=entry.rank,
            local=entry.local_rank,
            pid=entry.pid,
            host=entry.host,
            root=entry.root_cause,
            stamp=stamp_in(self._time, None),
        )
        self.exits.append(self._entry)

    def _agent(self, line: FaultLine, part: int) -> bool:
        found = _AGENT.search(line.message)
        if found is None:
            return False
        self.exits.append(
            Exited(
                evidence=_evidence(line),
                base=self._base,
                order=Order(part, line.where.offset),
                code=int(found["code"]),
                local=int(found["local"]),
                pid=int(found["pid"]),
                root=True,
            )
        )
        return True

    def _tasks(self, line: FaultLine, part: int) -> bool:
        """What srun says of its tasks; a signal is also searched for as any line is."""
        found = _TASKS.match(line.message)
        if found is None:
            return False
        code = int(found["code"]) if found["code"] else _SIGNALS[found["signal"]]
        first = not any(one.task for one in self.exits)
        for task in numbers_in(found["tasks"].decode()):
            self.exits.append(
                Exited(
                    evidence=_evidence(line),
                    base=self._base,
                    order=Order(part, line.where.offset),
                    code=code,
                    rank=task,
                    root=first,
                    task=True,
                )
            )
        return found["code"] is not None


def _evidence(line: FaultLine) -> Evidence:
    return Evidence(*line.where, line.text)
