"""Gathers what a diagnosis needs, while the logs are read: clues, progress, shares of the data.

`see` is the witness of the parser and gets every line that no format knows; `take` is a listener
of the engine and gets what every feed gave. Hot lines never come here one by one.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trainwatch.diagnose.catalogue import code, recognise
from trainwatch.diagnose.catalogue.complaints import complains
from trainwatch.diagnose.clue import THREADED, Clue, Exited, Order
from trainwatch.diagnose.errorfile import ErrorFile, read_error_file
from trainwatch.diagnose.live.model import Live
from trainwatch.diagnose.log import LogNotes
from trainwatch.diagnose.recorder.opinion import Opinion
from trainwatch.diagnose.signature import Signature
from trainwatch.diagnose.tails import KEPT, NAN, QUOTED, Tail, sniff
from trainwatch.diagnose.tracebacks import Ended
from trainwatch.events import Event, Evidence, Parsed, RankId, Split, Stamp, StepBlock
from trainwatch.formats.filenames import FileKind, FileRole, describe
from trainwatch.model.run import by_writer
from trainwatch.parsing.faults import FaultLine

_ASKED = "SystemExit"
"""What a script ends itself with, after it has said why."""

_ERROR_FILE = b'{"message": {"message": "'
_FATAL_LEVELS = ("ERROR", "CRITICAL")


class Gathering:
    """All that was gathered of one run.

    Attributes:
        logs: What each log said besides its records, by `FileRole.base`.
        errors: What the error files of @record hold.
        dumps: The bytes of flight-recorder dumps, by name.
        opinion: What torch's own analyser makes of them.
        live: What the processes themselves showed just now.
        looks: What they showed earlier, as it was written down.
    """

    def __init__(self) -> None:
        self.logs: dict[str, LogNotes] = {}
        self.errors: list[Clue] = []
        self.dumps: dict[str, bytes] = {}
        self.opinion: Opinion | None = None
        self.live: Live | None = None
        self.looks: list[Live] = []
        self._names: dict[str, LogNotes] = {}

    def see(self, line: FaultLine, stamp: Stamp | None) -> None:
        """Take a line that no format knows."""
        log = self._log(line.where.file)
        log.seen(line.where)
        if log.tables.feed(line, log.feeds):
            return
        ended = log.tracebacks.feed(line.writer, line.message)
        if isinstance(ended, Ended):
            if ended.exception != _ASKED:
                log.fresh.append(_raised(log, line, stamp, ended))
        elif not ended:
            self._search(log, line, stamp)

    def take(self, parsed: Parsed) -> None:
        """Take what one feed of one log gave, after all its lines were seen."""
        log = self._log(parsed.file.name)
        log.settle(parsed)
        for item in parsed.items:
            if isinstance(item, StepBlock):
                _steps(log, item)
            elif isinstance(item, Event):
                log.event(item)
        if parsed.tally.bytes:
            log.torn = not parsed.tally.lines  # a last line without its end
        log.fed(_last_offset(item) for item in parsed.items)

    def take_error_file(self, file: ErrorFile) -> None:
        """Take the content of an `error.json`; half a file gives what can be read of it."""
        clue = read_error_file(file)
        if clue is not None:
            self.errors.append(clue)

    def take_dump(self, name: str, data: bytes) -> None:
        """Take the content of a flight-recorder dump, whole or not."""
        self.dumps[name] = data

    def take_opinion(self, opinion: Opinion) -> None:
        """Take a second opinion on the dumps."""
        self.opinion = opinion

    def take_live(self, live: Live) -> None:
        """Take what the processes of the run show just now."""
        self.live = live

    def take_look(self, live: Live) -> None:
        """Take what they showed earlier; it counts unless the training got on since."""
        self.looks.append(live)

    @property
    def clues(self) -> Iterator[Clue]:
        """All clues, in the order of each log."""
        for _, log in sorted(self.logs.items()):
            yield from log.clues
        yield from sorted(self.errors, key=lambda clue: clue.base)

    @property
    def exits(self) -> Iterator[Exited]:
        """How workers left, in the order of each log."""
        for _, log in sorted(self.logs.items()):
            yield from log.tables.exits

    @property
    def telling(self) -> bool:
        """Whether anything says something about a failure."""
        found = self.dumps or self.looks or self.live is not None
        return bool(found) or any(True for _ in self.clues) or any(True for _ in self.exits)

    def _log(self, name: str) -> LogNotes:
        log = self._names.get(name)
        if log is None:
            role = describe(name)
            log = self.logs.get(role.base) or self._new(role)
            self.logs[role.base] = self._names[name] = log
        return log

    def _new(self, role: FileRole) -> LogNotes:
        notes = LogNotes(role, lambda line, message: _repeated(notes, line, message))
        return notes

    def _search(self, log: LogNotes, line: FaultLine, stamp: Stamp | None) -> None:
        clue = _clue(log, line, stamp)
        if clue is not None:
            log.fresh.append(clue)
            return
        values = sniff(line.message)
        if values is not None and not log.tail(line.who).recorded:
            log.tail(line.who).add(*values, Evidence(*line.where, line.text))
            log.moved(line.who, Order(log.feeds, line.where.offset), stamp)
        elif values is None and complains(line.message):
            order = Order(log.feeds, line.where.offset)
            log.complaints.append((order, Evidence(*line.where, line.text)))


_SNIFFED = "general"
"""The dialect of lines that no format knows: their values are taken from the lines themselves."""


def _clue(log: LogNotes, line: FaultLine, stamp: Stamp | None) -> Clue | None:
    """What a line says by itself; an exception without its traceback counts where it is stated."""
    if line.message.startswith(_ERROR_FILE):
        return _printed(log, line)
    known = _known(log, line, stamp, line.message)
    if known is not None or not (line.level in _FATAL_LEVELS or _is_torch(line)):
        return known
    return _uncaught(log, line, stamp, line.message)


def _printed(log: LogNotes, line: FaultLine) -> Clue | None:
    """The content of an error file that somebody printed."""
    clue = read_error_file(ErrorFile(line.where.file, line.message))
    return clue and replace(
        clue,
        who=line.who,
        evidence=Evidence(*line.where, line.text),
        base=log.role.base,
        order=Order(log.feeds, line.where.offset),
    )


def _repeated(log: LogNotes, line: FaultLine, message: bytes) -> Clue | None:
    """An exception that torchrun's table repeats."""
    return _known(log, line, None, message) or _uncaught(log, line, None, message)


def _known(log: LogNotes, line: FaultLine, stamp: Stamp | None, message: bytes) -> Clue | None:
    recognised = recognise(message)
    if recognised is None:
        return None
    clue = _make(log, line, stamp, recognised[0])
    return replace(clue, fields=_fields(recognised[1]))


def _uncaught(log: LogNotes, line: FaultLine, stamp: Stamp | None, message: bytes) -> Clue | None:
    found = code.UNCAUGHT.pattern.match(message)
    if found is None:
        return None
    clue = _make(log, line, stamp, code.UNCAUGHT)
    return replace(clue, exception=found["name"].decode(errors="replace"))


def _fields(found: re.Match[bytes]) -> dict[str, str]:
    groups = found.groupdict()
    return {name: text.decode(errors="replace") for name, text in groups.items() if text}


def _is_torch(line: FaultLine) -> bool:
    """Torch prefixes a rank to the tracebacks that end a process, and to nothing else."""
    return f"[rank{line.who.rank}]:" in line.text[:40]


def _raised(log: LogNotes, line: FaultLine, stamp: Stamp | None, ended: Ended) -> Clue:
    """The last line of a traceback."""
    known = _known(log, line, stamp, ended.message) or _make(log, line, stamp, code.UNCAUGHT)
    spawned = ended.spawned is not None and line.who.rank is None
    fields = {**known.fields, **({THREADED: "1"} if ended.threaded else {})}
    return replace(
        known,
        fields=fields,
        who=RankId(None, ended.spawned) if spawned else line.who,
        frames=ended.frames,
        exception=ended.exception,
    )


def _make(log: LogNotes, line: FaultLine, stamp: Stamp | None, signature: Signature) -> Clue:
    return Clue(
        signature=signature,
        who=line.who,
        evidence=Evidence(*line.where, line.text),
        base=log.role.base,
        order=Order(log.feeds, line.where.offset),
        stamp=stamp,
        exact=stamp is not None,
        attempt=log.role.attempt,
    )


def _last_offset(item: StepBlock | Event) -> int:
    return int(item.offset[-1]) if isinstance(item, StepBlock) else item.where.offset


def _steps(log: LogNotes, block: StepBlock) -> None:
    """Note how far each writer of a block came."""
    if log.role.kind in (FileKind.TABLE, FileKind.STATE):
        return
    training = block.shape.split is Split.TRAIN
    for who, rows in by_writer(block):
        for row in rows[-2:]:
            seconds = float(block.seconds[row])
            stamp = None if np.isnan(seconds) else Stamp(seconds, block.shape.zone)
            log.moved(who, log.place(int(block.offset[row])), stamp)
        if training and "loss" in block.metrics and block.shape.dialect != _SNIFFED:
            _values(log, who, block, rows)


def _values(log: LogNotes, who: RankId, block: StepBlock, rows: NDArray[np.int64]) -> None:
    tail = log.tail(who)
    if not tail.recorded:  # what was sniffed of the same lines counts once
        tail = log.tails[who] = Tail(recorded=True)
    norms = block.metrics.get("grad_norm")
    for left, row in zip(range(min(len(rows), KEPT), 0, -1), rows[-KEPT:], strict=True):
        line = int(block.line[row])
        # Only the newest are ever quoted; decoding the rest would cost more than all of this.
        text = block.text[row].decode(errors="replace")[:500] if left <= QUOTED else ""
        norm = NAN if norms is None else float(norms[row])
        place = (block.shape.file, line if line > 0 else None, int(block.offset[row]))
        tail.add(float(block.metrics["loss"][row]), norm, Evidence(*place, text))
