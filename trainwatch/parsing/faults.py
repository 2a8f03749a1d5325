"""Turns the lines around a failure into events: tracebacks, signatures, torchrun's block."""

import re
from dataclasses import dataclass

from trainwatch.events import (
    Event,
    Fault,
    FaultKind,
    LaunchFailed,
    RankId,
    Where,
    WorkerFailure,
)
from trainwatch.formats.faults import SIGNATURES
from trainwatch.parsing.torchrun import BlockTitle, FailureBlock, WorkerEntry
from trainwatch.parsing.tracebacks import Tracebacks

_LAUNCHER = re.compile(rb"(?:ChildFailedError|SignalException)$")
_PREFILTER = re.compile(rb"(?i)memory|cuda|cublas|cudnn|assert|shard")
_EXCEPTION_LINE = re.compile(rb"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception): ")


@dataclass(frozen=True, slots=True)
class FaultLine:
    """One line that may belong to a failure.

    Attributes:
        where, who, level: As parsed from the line and its prefix.
        writer: What separates interleaved tracebacks: the line's own rank prefixes.
        message: The line without its prefix.
        text: The whole line, decoded and bounded.
    """

    where: Where
    who: RankId
    writer: RankId
    level: str | None
    message: bytes
    text: str


class FaultReader:
    """Recognises failures in the lines of one file that no format knows."""

    def __init__(self) -> None:
        self._tracebacks = Tracebacks()
        self._block = FailureBlock()
        self._exit: FaultLine | None = None

    def interrupt(self) -> None:
        """A record of the training stands here: what follows does not follow on what went before."""
        self._block.interrupt()

    def feed(self, line: FaultLine) -> Event | bool:
        """Take a line; an event, True when the line is understood without one, or False."""
        block = self._block.feed(line.message)
        if isinstance(block, BlockTitle):
            return LaunchFailed(where=line.where, who=line.who, text=line.text)
        if isinstance(block, WorkerEntry):
            proof, self._exit = self._exit or line, None
            return _worker(block, proof)
        if block:
            if line.message.startswith(b"  exitcode"):  # what an entry is quoted by
                self._exit = line
            return True
        traceback = self._tracebacks.feed((line.writer, line.level), line.message)
        if isinstance(traceback, bytes):
            return _exception(traceback, line)
        return traceback or _signature(line) or _error_level(line)


def _worker(entry: WorkerEntry, line: FaultLine) -> WorkerFailure:
    return WorkerFailure(
        where=line.where,
        who=RankId(entry.rank),
        text=line.text,
        root_cause=entry.root_cause,
        local_rank=entry.local_rank,
        exitcode=entry.exitcode,
        pid=entry.pid,
        host=entry.host,
        error_file=entry.error_file,
    )


def _exception(name: bytes, line: FaultLine) -> Event:
    """The last line of a traceback; what it says decides the kind, its class the name."""
    if _LAUNCHER.search(name):  # the launcher reports that its workers failed: not a cause
        return LaunchFailed(where=line.where, who=line.who, text=line.text)
    signature = _signature(line)
    kind = signature.kind if isinstance(signature, Fault) else FaultKind.EXCEPTION
    return Fault(
        where=line.where,
        who=line.who,
        text=line.text,
        kind=kind,
        fatal=True,
        exception=name.decode(errors="replace"),
    )


def _signature(line: FaultLine) -> Fault | None:
    if not _PREFILTER.search(line.message):
        return None
    for signature in SIGNATURES:
        if signature.kind is FaultKind.SHARD_ERROR and line.level != "ERROR":
            continue
        if signature.pattern.search(line.message):
            return Fault(
                where=line.where,
                who=line.who,
                text=line.text,
                kind=signature.kind,
                # A line without a traceback may report a failure that was handled.
                fatal=signature.fatal and bool(_EXCEPTION_LINE.match(line.message)),
            )
    return None


def _error_level(line: FaultLine) -> Fault | bool:
    if line.level not in ("ERROR", "CRITICAL"):
        return line.level is not None  # a plain message of a known shape is understood
    return Fault(where=line.where, who=line.who, text=line.text, kind=FaultKind.ERROR)
