"""Reads Hugging Face's `trainer_state.json`: one JSON document that holds the history of a training.

The total number of steps stands behind the history, so that nothing is given out before the document
is complete. It is complete with the first line that begins with its closing brace; a file that is
torn, damaged or larger than `MAX_STATE` gives no record.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwatch.events import (
    MISSING,
    NOBODY,
    EvalResult,
    Event,
    Granularity,
    Items,
    LogLine,
    RankId,
    Split,
    StepBlock,
    StepShape,
    Where,
)
from trainwatch.formats.filenames import FileRole
from trainwatch.formats.names import canonical, is_evaluation, is_test, without_evaluation
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.reads import Arrival, Read
from trainwatch.parsing.seen import quote

MAX_STATE = 1 << 25
"""Bytes of a document that are kept: more than a hundred thousand entries."""

DIALECT, FORMAT = "hf_trainer", "hf_trainer.state"
_HISTORY = "log_history"
_PLACES = ("step", "epoch")
_SUMMARY = "train_runtime"
_LARGEST = 1 << 53
_BLANK = " \t\r\n"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the history.

    Attributes:
        offset: Of the first byte of its object in the document.
        line: Line feeds before it.
        text: The line on which it begins.
        values: Its numbers, by the names printed.
    """

    offset: int
    line: int
    text: bytes
    values: Mapping[str, float]


class StateReader:
    """The reader of one `trainer_state.json`."""

    def __init__(self, file: str, role: FileRole) -> None:
        self._file = file
        self._owner = NOBODY if role.rank is None else RankId(role.rank)
        self._begin()
        self._items: list[StepBlock | Event] = []
        self._last: dict[RankId, LogLine] = {}
        self._unparsed = 0

    def _begin(self) -> None:
        self._buffer: bytearray | None = bytearray()
        self._start: tuple[int, int | None] | None = None
        self._waiting = 0

    def end(self) -> None:
        """No more lines: a document that is not complete says nothing."""
        self._fail()

    def rename(self, file: str) -> None:
        """Another document stands in its place."""
        self._fail()
        self._file = file
        self._begin()

    def read(self, lines: Lines, arrival: Arrival, *, torn: bool = False) -> None:  # noqa: ARG002 - a document says itself whether it is whole
        """Take the next complete lines of the file."""
        if lines.dropped or (self._start is None and lines.place):
            self._fail()
        self._start = self._start or (lines.place, lines.number)
        for line in lines.text.splitlines(keepends=True):
            self._waiting += bool(line.strip())
            if self._buffer is None or len(self._buffer) + len(line) > MAX_STATE:
                self._fail()
                continue
            first = not self._buffer
            self._buffer += line
            if line.startswith(b"}") or (first and line.rstrip().endswith(b"}")):
                self._close(arrival)

    def finish(self, arrival: Arrival) -> Read:  # noqa: ARG002 - each record has its own
        """What the lines gave since the last call."""
        read = Read(Items(tuple(self._items)), self._last, (), self._unparsed)
        self._items, self._last, self._unparsed = [], {}, 0
        return read

    def _fail(self) -> None:
        self._unparsed += self._waiting
        self._waiting, self._buffer = 0, None

    def _close(self, arrival: Arrival) -> None:
        """The document is complete: give out what it says."""
        found = _document(bytes(self._buffer or b""))
        if found is None:
            self._fail()
            return
        self._buffer, self._waiting = None, 0
        entries, total = found
        for entry in entries:
            self._entry(entry, total, arrival)

    def _entry(self, entry: Entry, total: int | None, arrival: Arrival) -> None:
        metrics = {name: value for name, value in entry.values.items() if name not in _PLACES}
        if not metrics or _SUMMARY in metrics:
            return
        _, number = self._start or (0, None)
        where = Where(self._file, None if number is None else number + entry.line, entry.offset)
        who, text = self._owner, quote(entry.text)
        self._last[who] = LogLine(where, who, text, None, None, arrival.time, arrival.live)
        evaluated = [name for name in metrics if is_evaluation(name)]
        if not evaluated:
            self._items.append(self._step(entry, _renamed(metrics), total, where, arrival))
            return
        step = _step(entry)
        self._items.append(
            EvalResult(
                where=where,
                who=who,
                text=text,
                arrival=arrival.time,
                live=arrival.live,
                split=Split.TEST if is_test(evaluated[0]) else Split.VALIDATION,
                values={without_evaluation(name): metrics[name] for name in evaluated},
                epoch=_epoch(entry),
                step=step,
                granularity=Granularity.EPOCH if step is None else Granularity.STEP,
                dialect=DIALECT,
                total_steps=total,
            )
        )

    def _step(
        self,
        entry: Entry,
        metrics: Mapping[str, float],
        total: int | None,
        where: Where,
        arrival: Arrival,
    ) -> StepBlock:
        step, epoch = _step(entry), _epoch(entry)
        rank = self._owner.rank
        return StepBlock(
            shape=StepShape(
                file=self._file,
                format=FORMAT,
                dialect=DIALECT,
                total_steps=total,
                metrics=tuple(metrics),
            ),
            line=np.array([MISSING if where.line is None else where.line], dtype=np.int64),
            offset=np.array([where.offset], dtype=np.int64),
            seconds=np.array([math.nan]),
            rank=np.array([MISSING if rank is None else rank], dtype=np.int32),
            local=np.array([MISSING], dtype=np.int32),
            epoch=np.array([math.nan if epoch is None else epoch]),
            step=np.array([MISSING if step is None else step], dtype=np.int64),
            batch=np.array([MISSING], dtype=np.int64),
            metrics={name: np.array([value]) for name, value in metrics.items()},
            text=(entry.text,),
            arrival=arrival.time,
            live=arrival.live,
        )


def _renamed(metrics: Mapping[str, float]) -> dict[str, float]:
    """By canonical names; of two with one meaning the second keeps its own."""
    named: dict[str, float] = {}
    for name, value in metrics.items():
        said = canonical(name)
        named[name if said in named else said] = value
    return named


def _step(entry: Entry) -> int | None:
    return _whole(entry.values.get("step"))


def _epoch(entry: Entry) -> float | None:
    epoch = entry.values.get("epoch", math.nan)
    return epoch if math.isfinite(epoch) else None


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None and 0 <= value < _LARGEST else None


def _document(data: bytes) -> tuple[list[Entry], int | None] | None:
    """The history and the number of steps planned; None where this is no such document."""
    try:
        text = data.decode()
        json.loads(text)  # what follows finds places, and is not strict
        return _walked(text)
    except (ValueError, RecursionError, IndexError):
        return None


def _walked(text: str) -> tuple[list[Entry], int | None] | None:
    entries: list[Entry] | None = None
    total = None
    at = _past(text, _past(text, 0), "{")
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _past(text, at, ":")
        value, end = _DECODER.raw_decode(text, at)
        if key == _HISTORY and isinstance(value, list):
            entries = list(_entries(text, at))
        elif key in ("max_steps", "total_steps") and type(value) is int and value > 0:
            total = total or _whole(value)
        at = _past(text, end)
        if text[at] == ",":
            at = _past(text, at, ",")
    return None if entries is None or text[at + 1 :].strip() else (entries, total)


def _entries(text: str, at: int) -> Iterator[Entry]:
    """The objects of the array that begins at a place; it has been found to be whole."""
    at = _past(text, at, "[")
    seen = offset = line = 0
    while text[at] != "]":
        offset += len(text[seen:at].encode())
        line += text.count("\n", seen, at)
        seen = at
        value, end = _DECODER.raw_decode(text, at)
        if isinstance(value, dict):
            begin, close = text.rfind("\n", 0, at) + 1, text.find("\n", at)
            shown = text[begin : close if close >= 0 else None].rstrip("\r")
            yield Entry(offset, line, shown.encode(), dict(_numbers(value)))
        at = _past(text, end)
        if text[at] == ",":
            at = _past(text, at, ",")


def _numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            large = isinstance(value, int) and abs(value) > _LARGEST  # no float may hold it
            yield name, (math.inf if value > 0 else -math.inf) if large else float(value)


def _past(text: str, at: int, mark: str = "") -> int:
    """The place of what follows a mark and blanks; ValueError where it does not stand there."""
    if not text.startswith(mark, at):
        raise ValueError(text[at : at + 1])
    at += len(mark)
    while text[at] in _BLANK:
        at += 1
    return at
