"""Feeds the engine as the sources do, and makes its whole state comparable."""

import dataclasses
import itertools
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from trainwatch.engine import Engine
from trainwatch.events import (
    Chunk,
    Event,
    Evidence,
    FileEnded,
    LineTally,
    LogFile,
    LogLine,
    Parsed,
    RankId,
    RunInfo,
    SourceItem,
    StepBlock,
)
from trainwatch.formats.filenames import FileRole
from trainwatch.model.snapshot import RunView

REPO = Path(__file__).parents[2]
SAMPLE_LOGS = REPO / "sample_logs"
SHARED = REPO.parent / "shared"
MTIME = 1_796_000_000.0
"""When the bytes of a test arrived, unless it says otherwise: 2026-11-30, days after every log here."""

Kind = TypeVar("Kind", bound=Event)
Piece = tuple[str, bytes, float]
"""Name of a file, its next bytes, and when they arrived."""


@dataclass(frozen=True)
class Row:
    """One step record, whatever block it travelled in."""

    file: str
    line: int | None
    offset: int
    rank: int | None
    local: int | None
    phase: str
    epoch: float | None
    step: int | None
    batch: int | None
    seconds: float | None
    values: Mapping[str, float]
    text: str
    format: str
    rest: str


@dataclass
class Reading:
    """An engine that was fed, and everything that its feeds gave."""

    engine: Engine
    parsed: list[Parsed]
    _rows: list[Row] = field(default_factory=list)
    _seen: int = 0

    @property
    def rows(self) -> list[Row]:
        """All step records, in the order in which they were found."""
        self._rows += [row for parsed in self.parsed[self._seen :] for row in rows_of(parsed)]
        self._seen = len(self.parsed)
        return self._rows

    @property
    def events(self) -> list[Event]:
        """All rare events."""
        return [item for p in self.parsed for item in p.items if isinstance(item, Event)]

    def of_kind(self, kind: type[Kind]) -> list[Kind]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def view(self, now: float = MTIME + 1, *, stated: bool = False) -> RunView:
        """The snapshot as of a moment."""
        self.engine.tick(now, stated=stated)
        return self.engine.snapshot()


def _known(value: float) -> int | None:
    return int(value) if value >= 0 else None


def rows_of(parsed: Parsed) -> Iterator[Row]:
    """The step records of one feed."""
    for block in parsed.items:
        if isinstance(block, StepBlock):
            yield from (_row(block, at) for at in range(len(block)))


def _row(block: StepBlock, at: int) -> Row:
    epoch, seconds = float(block.epoch[at]), float(block.seconds[at])
    rest = dataclasses.replace(block.shape, file="", metrics=())
    return Row(
        file=block.shape.file,
        line=_known(block.line[at]),
        offset=int(block.offset[at]),
        rank=_known(block.rank[at]),
        local=_known(block.local[at]),
        phase=block.shape.split.value,
        epoch=None if math.isnan(epoch) else epoch,
        step=_known(block.step[at]),
        batch=_known(block.batch[at]),
        seconds=None if math.isnan(seconds) else seconds,
        values={name: float(column[at]) for name, column in block.metrics.items()},
        text=block.text[at].decode(errors="replace"),
        format=block.shape.format,
        rest=f"{rest} {block.arrival} {block.live}",
    )


def new_reading(**given: Any) -> Reading:
    """An engine that was fed nothing yet, and the list that its feeds go to."""
    parsed: list[Parsed] = []
    given.setdefault("info", RunInfo("logs"))
    return Reading(Engine(listener=parsed.append, **given), parsed)


def read(*items: SourceItem, **given: Any) -> Reading:
    """Feed some items."""
    reading = new_reading(**given)
    for item in items:
        reading.engine.feed(item)
    return reading


def read_text(text: str | bytes, name: str = "console.log", **given: Any) -> Reading:
    """Feed one file at once, and say nothing about its end."""
    data = text.encode() if isinstance(text, str) else text
    return read(Chunk(LogFile(name), 0, data, MTIME), **given)


def read_lines(lines: Iterable[str], name: str = "console.log", **given: Any) -> Reading:
    """Feed one file of whole lines."""
    return read_text("".join(f"{line}\n" for line in lines), name, **given)


def read_files(files: Mapping[str, str | bytes], *, ended: bool = True, **given: Any) -> Reading:
    """Feed several files, one after the other, as `trainwatch status` does."""
    reading = new_reading(**given)
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        reading.engine.feed(Chunk(LogFile(name), 0, data, MTIME))
        if ended:
            reading.engine.feed(FileEnded(LogFile(name), "read to its end"))
    return reading


def case_files(case: str) -> dict[str, bytes]:
    """The logs of one case of sample_logs, by the names that a reader of that directory shows."""
    root = SAMPLE_LOGS / case
    found = sorted(p for p in root.rglob("*") if p.suffix in (".log", ".csv"))
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def sample_cases() -> list[str]:
    """The cases of sample_logs."""
    return sorted(path.name for path in SAMPLE_LOGS.iterdir() if path.is_dir())


@cache
def recorded(case: str) -> Reading:
    """A case of sample_logs that was read to its end; shared, so only looked at."""
    return read_files(case_files(case))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Bytes cut at some places."""
    edges = sorted({0, len(data), *(place for place in places if 0 < place < len(data))})
    return [data[start:end] for start, end in itertools.pairwise(edges)] or [data]


class Writing:
    """Appends to the files of a run and feeds every piece at once, live or not."""

    def __init__(self, **given: Any) -> None:
        self.reading = new_reading(**given)
        self._offsets: dict[str, int] = {}

    def write(self, name: str, data: str | bytes, time: float, *, live: bool = True) -> None:
        """Append to a file at a moment."""
        raw = data.encode() if isinstance(data, str) else data
        offset = self._offsets.get(name, 0)
        self.reading.engine.feed(Chunk(LogFile(name), offset, raw, time, live))
        self._offsets[name] = offset + len(raw)

    def line(self, name: str, text: str, time: float) -> None:
        """Append one line."""
        self.write(name, f"{text}\n", time)

    def view(self, now: float, *, stated: bool = False) -> RunView:
        """The snapshot as of a moment."""
        return self.reading.view(now, stated=stated)


def feed_pieces(pieces: Sequence[Piece], *, live: bool = True, **given: Any) -> Reading:
    """Feed pieces of files and then their ends."""
    writing = Writing(**given)
    for name, data, time in pieces:
        writing.write(name, data, time, live=live)
    for name in dict.fromkeys(name for name, _, _ in pieces):
        writing.reading.engine.feed(FileEnded(LogFile(name), "read to its end"))
    return writing.reading


def everything(reading: Reading, now: float = MTIME + 1000.0) -> dict[str, Any]:
    """All that must not depend on how the bytes were cut: records, events, state, snapshot."""
    view = reading.view(now, stated=True)
    return {
        "records": [plain(row) for row in reading.rows],
        "events": [plain(event) for event in reading.events],
        "state": plain(reading.engine.run),
        "findings": plain(view.alerts),
        "snapshot": plain(view),
    }


def plain(value: Any) -> Any:
    """Any object of the core as nested lists, dicts and atoms; NaN equals NaN."""
    if isinstance(value, _ATOMS):
        return value
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | deque | set | frozenset):
        return [plain(item) for item in value]
    return {name: plain(getattr(value, name)) for name in _attributes(value)}


_ATOMS = (str, int, type(None), LogLine, RankId, Enum, bytes, Evidence, LineTally, FileRole)


def _attributes(value: Any) -> list[str]:
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    return list(vars(value))


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """Where two results of `plain` differ first."""
    if type(one) is not type(other):
        return f"{path}: {one!r} != {other!r}"
    if isinstance(one, dict):
        if one.keys() != other.keys():
            return f"{path}: {sorted(one)} != {sorted(other)}"
        found = (difference(one[key], other[key], f"{path}.{key}") for key in one)
    elif isinstance(one, list):
        if len(one) != len(other):
            return f"{path}: {len(one)} != {len(other)} items"
        pairs = enumerate(zip(one, other, strict=True))
        found = (difference(left, right, f"{path}[{at}]") for at, (left, right) in pairs)
    else:
        return None if one == other else f"{path}: {one!r} != {other!r}"
    return next((text for text in found if text), None)
