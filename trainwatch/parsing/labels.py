"""Labels that a launcher puts before each line it passes on: srun, mpirun, pdsh, kubectl, Ray.

A number and a colon may also begin a line of a training's own: an iteration, a class. It is a label
only where what stands behind it can only be the beginning of a line, or where numbers come back
as those of an iteration never do; from then on every line that has one is labelled.
"""

import re
from dataclasses import dataclass

from trainwatch.parsing.prefix import split_prefix

_TASK = re.compile(rb" {0,4}(?P<rank>\d{1,5}):(?: |$)(?P<horovod>)")
_MPI = re.compile(
    rb"\[\d{1,6},(?P<rank>\d{1,6})\](?:<std(?:out|err|diag)>)?: ?|\[(?P<horovod>\d{1,6})\]<std(?:out|err)>: ?"
)
_HOST = re.compile(
    rb"(?P<certain>\[pod/[\w./-]{1,120}\] |\((?:\w{1,80} )?pid=\d{1,9}[^)\n]{0,60}\) )"
    rb"|[A-Za-z][\w.-]{0,63}(?:: | {1,40}\| )"
)
_SURE = re.compile(
    rb"\[(?:rank|default)\d{1,6}\]:|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|Traceback \(most recent"
)
_BEGINS = re.compile(
    rb"Traceback \(most recent call last\):|\S{1,64}:\d{1,9}:\d{1,9} \[\d{1,3}\] NCCL "
)
_FIRST = re.compile(rb"[ \d\[(A-Za-z]")
_TWICE = 2
"""Numbers that came back in a way in which those of an iteration do not."""

_MOST = 65536
"""Ranks and hosts of a job; more labels than that are none."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label before a line.

    Attributes:
        text: As it stands there.
        rank: The number of the task, where it states one.
    """

    text: bytes
    rank: int | None


class Labels:
    """Finds the labels of one file's lines, once it has shown that it has any.

    Attributes:
        nodes: Whether the tasks turned out to be nodes: ranks of their own write behind them.
    """

    def __init__(self) -> None:
        self.nodes = False
        self._tasks = False
        self._hosts: set[bytes] = set()
        self._last: int | None = None
        self._lowest = _MOST
        self._back = 0

    def find(self, line: bytes) -> Label | None:
        """The label of a line; None where there is none."""
        if not _FIRST.match(line):
            return None
        found = _MPI.match(line) or _TASK.match(line)
        if found is None:
            return self._host(line)
        rank = int(found["rank"] or found["horovod"])
        if found.re is _TASK and not self._is_task(rank, line[found.end() :]):
            return None
        self._look_behind(rank, line[found.end() :])
        return Label(found[0], None if self.nodes else rank)

    def _is_task(self, rank: int, rest: bytes) -> bool:
        if not self._tasks:
            self._tasks = rank < _MOST and (_begins(rest) or self._came_back(rank))
        return self._tasks

    def _came_back(self, rank: int) -> bool:
        """Whether numbers repeat as those of ranks do: at once, or by going back a little."""
        last, self._last = self._last, rank
        if last is not None and (rank == last or self._lowest < rank < last):
            self._back += 1
        self._lowest = min(self._lowest, rank)
        return self._back > _TWICE

    def _look_behind(self, rank: int, rest: bytes) -> None:
        stated = split_prefix(rest)["torch_rank"]
        self.nodes = self.nodes or (stated is not None and int(stated) != rank)

    def _host(self, line: bytes) -> Label | None:
        found = _HOST.match(line)
        if found is None:
            return None
        sure = found["certain"] or _SURE.match(line, found.end())
        if sure and len(self._hosts) < _MOST:
            self._hosts.add(found[0])
        return Label(found[0], None) if found[0] in self._hosts else None


def _begins(rest: bytes) -> bool:
    """Whether a text can only be the beginning of a line."""
    found = split_prefix(rest)
    stated = (found["clock"], found["torch_rank"], found["local"], found["level_a"])
    return any(stated) or found["level_c"] is not None or bool(_BEGINS.match(rest))
