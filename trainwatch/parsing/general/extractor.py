"""The general extractor of one log: lines in, blocks and events out, in file order."""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from trainwatch.events import (
    MISSING,
    EpochSummary,
    EvalResult,
    Event,
    Granularity,
    RankId,
    Stamp,
    StepBlock,
    StepShape,
    Where,
)
from trainwatch.formats.filenames import FileRole
from trainwatch.parsing.general.assembly import Assembler, Record, Spot
from trainwatch.parsing.general.named import Names, renamed
from trainwatch.parsing.general.outlet import Decided, Outlet, Sort
from trainwatch.parsing.general.reading import Reading, phase_of, read_text
from trainwatch.parsing.general.tabular import Tables
from trainwatch.parsing.general.text import Text, clean, split_head
from trainwatch.parsing.general.whose import Records
from trainwatch.parsing.prefix import Clock

DIALECT = "general"
MAX_LINE = 1 << 16
MAX_TEXT = 500
MAX_EARLY = 10_000
_QUIET = re.compile(r"^[\s\W_]*$")
_LABEL = re.compile(r"^([^\W\d][\w @/-]{0,40}):$")
_INDENT = 20
_LARGEST = 2**53
_UNIT = {True: "samples", False: "batches"}


class Handed(NamedTuple):
    """A line as the reader of the log hands it over; `time` and `live` as in `Chunk`."""

    number: int | None
    offset: int
    line: bytes
    time: float
    live: bool


class Extractor:
    """Understands the lines of one log that no named format knows.

    Args:
        role: What the file's path says.
        records: Whose named records say what a reading means.
    """

    def __init__(self, role: FileRole, records: Records) -> None:
        self._names = Names(records)
        self._role = role
        self._counts_from_0 = False
        self._clock = Clock()
        self._tables = Tables()
        self._assembler = Assembler()
        self._outlet = Outlet()
        self._claimed = 0
        self._early: set[int] = set()
        self._claimed_line: int | None = None
        self._done: list[tuple[str, Decided]] = []

    def feed(
        self,
        file: str,
        seen: Handed,
        who: RankId,
        *,
        torn: bool = False,
        understood: bool = False,
    ) -> bool:
        """Take a line; whether it is understood, as far as is known by now.

        Args:
            file: The name that records carry.
            seen: The line.
            who: Its writer.
            torn: Whether its end is missing.
            understood: Whether others have made sense of it.
        """
        claimed = self._line(file, seen, who, torn=torn)
        if understood:
            return True
        if claimed and not self._outlet.proven and seen.number != self._claimed_line:
            self._claimed += 1
            self._claimed_line = seen.number
            if seen.number is not None and len(self._early) < MAX_EARLY:
                self._early.add(seen.number)
        known = claimed and self._outlet.proven
        if known and self._claimed and seen.number == self._claimed_line:
            self._claimed -= 1  # a later refresh of this line is understood: so is the whole
            self._claimed_line = None
        return known

    def _line(  # noqa: PLR0911 - one kind of line after another
        self, file: str, seen: Handed, who: RankId, *, torn: bool
    ) -> bool:
        if len(seen.line) > MAX_LINE:
            return False
        line = clean(seen.line.decode(errors="replace"))
        text = split_head(line)
        spot = Spot(
            seen.number, seen.offset, seen.line, who, self._stamp(text), seen.time, seen.live
        )
        if _QUIET.match(text.message) and "|" not in text.message and "\u2502" not in text.message:
            table = self._tables.feed(text.message)
            if isinstance(table, Reading):
                self._take(file, self._assembler.feed(table, spot))
            return True
        reading = self._read(text, line)
        if isinstance(reading, bool):
            return reading
        if reading is None:
            return self._words(file, text.message, spot)
        if torn or reading.summary or reading.loose > 2 * len(reading.values) + 10:
            self._take(file, self._assembler.interrupt(spot.who))
            return reading.summary
        reading.places = {
            place: value for place, value in reading.places.items() if 0 <= value < _LARGEST
        }
        name = self._names.find(reading, text.message)
        if self._names.refuses(name):
            return False
        if name and not renamed(reading, name):
            if reading.shape != "bar":
                self._take(file, self._assembler.interrupt(spot.who))
            return True
        self._take(
            file,
            self._assembler.feed(reading, spot, name, indented=text.indent > _INDENT),
        )
        return bool(reading.places) or reading.outcome

    @property
    def early(self) -> frozenset[int]:
        """Lines that were understood before the file had proved to be a training's log."""
        return frozenset(self._early if self._outlet.proven else ())

    def claims(self) -> int:
        """Lines that were not understood when they came, and are by now."""
        if not self._outlet.proven:
            return 0
        claimed, self._claimed = self._claimed, 0
        return claimed

    def _read(self, text: Text, line: str) -> Reading | bool | None:
        table = self._tables.feed(text.message if text.headed else line.strip())
        return read_text(text) if table is None else table

    def _stamp(self, text: Text) -> Stamp | None:
        if text.time is None:
            return None
        date, clock, fraction, zone = text.time
        moment = f"{date.replace('/', '-').replace('.', '-')} {clock}".encode()
        return self._clock.stamp(
            moment,
            fraction.encode() if fraction else None,
            zone.strip().encode() if zone else None,
        )

    def _words(self, file: str, message: str, spot: Spot) -> bool:
        """A line without values: a phase, a label for the next one, or something else."""
        split = phase_of(message)
        if split is not None:
            self._take(file, self._assembler.phase(spot.who, split))
            return False
        label = _LABEL.match(message)
        if label:
            self._assembler.label(spot.who, label[1])
            return False
        self._take(file, self._assembler.interrupt(spot.who))
        return False

    def interrupt(self, file: str) -> None:
        """A line that a named format or a failure claims stands here."""
        if self._assembler.busy:
            self._take(file, self._assembler.close())

    def end(self, file: str) -> None:
        """The file will not grow."""
        self._take(file, self._assembler.close())
        self._done += ((file, decided) for decided in self._outlet.end())

    def _take(self, file: str, records: Iterable[Record]) -> None:
        for record in records:
            self._done += ((file, decided) for decided in self._outlet.feed(record))

    def drain(self) -> Iterator[StepBlock | Event]:
        """What is known now, in file order."""
        done, self._done = self._done, []
        rows: list[tuple[StepShape, Decided]] = []
        for file, decided in done:
            if decided.sort in (Sort.STEP, Sort.EPOCH, Sort.BATCH):
                shape = self._shape(file, decided)
                spot = decided.record.spot
                if rows and (
                    shape != rows[0][0] or _moment(rows[0][1].record.spot) != _moment(spot)
                ):
                    yield _block(rows)
                    rows = []
                rows.append((shape, decided))
                continue
            if rows:
                yield _block(rows)
                rows = []
            yield self._event(file, decided)
        if rows:
            yield _block(rows)

    def _shape(self, file: str, decided: Decided) -> StepShape:
        record, stamp = decided.record, decided.record.spot.stamp
        return StepShape(
            file=file,
            format=record.name.record.name if record.name else f"{DIALECT}.{record.shape}",
            dialect=_dialect(record),
            epoch_base=self._epoch_base(record),
            split=decided.split,
            granularity=Granularity.EPOCH if decided.sort is Sort.EPOCH else Granularity.STEP,
            batch_unit=_UNIT[record.percent] if "batch" in record.places else None,
            attempt=self._role.attempt,
            zone=stamp.zone if stamp else None,
            digits=stamp.digits if stamp else 0,
            metrics=tuple(decided.values),
            throughput_unit=decided.unit,
            total_epochs=_total(record, "total_epochs"),
            total_steps=_total(record, "total_steps"),
            total_batches=_total(record, "total_batches"),
        )

    def _epoch_base(self, record: Record) -> int | None:
        """The number of the first epoch: 0 once a log has printed an epoch 0, else not known."""
        named = record.name.dialect.epoch_base if record.name else None
        if named is None and record.places.get("epoch") == 0:
            self._counts_from_0 = True
        return 0 if named is None and self._counts_from_0 else named

    def _event(self, file: str, decided: Decided) -> Event:
        record = decided.record
        spot = record.spot
        places = record.places
        common: dict[str, Any] = {
            "where": Where(file, spot.number, spot.offset),
            "who": spot.who,
            "text": spot.line[: MAX_TEXT * 4].decode(errors="replace")[:MAX_TEXT],
            "stamp": spot.stamp,
            "arrival": spot.arrival,
            "live": spot.live,
            "attempt": self._role.attempt,
        }
        if decided.sort is Sort.SUMMARY:
            return EpochSummary(
                epoch=int(places["epoch"]),
                values=decided.values,
                total_epochs=_total(record, "total_epochs"),
                **common,
            )
        step = _whole(places.get("step"))
        return EvalResult(
            split=decided.split,
            values=decided.values,
            epoch=places.get("epoch"),
            step=step,
            batch=_whole(places.get("batch")),
            batch_unit=_UNIT[record.percent] if "batch" in places else None,
            granularity=Granularity.STEP if step is not None else Granularity.EPOCH,
            dialect=_dialect(record),
            epoch_base=self._epoch_base(record),
            total_epochs=_total(record, "total_epochs"),
            total_steps=_total(record, "total_steps"),
            total_batches=_total(record, "total_batches"),
            **common,
        )


def _dialect(record: Record) -> str:
    return record.name.dialect.name if record.name else DIALECT


def _total(record: Record, name: str) -> int | None:
    return _whole(record.places.get(name))


def _whole(value: float | None) -> int | None:
    if value is None or not math.isfinite(value) or not 0 <= value < _LARGEST:
        return None
    return int(value)


def _moment(spot: Spot) -> tuple[float, bool]:
    return spot.arrival, spot.live


def _block(rows: list[tuple[StepShape, Decided]]) -> StepBlock:
    shape = rows[0][0]
    records = [decided.record for _, decided in rows]
    spots = [record.spot for record in records]

    def column(name: str) -> list[int]:
        return [
            MISSING if (value := _whole(record.places.get(name))) is None else value
            for record in records
        ]

    return StepBlock(
        shape=shape,
        line=np.array([MISSING if s.number is None else s.number for s in spots], dtype=np.int64),
        offset=np.array([s.offset for s in spots], dtype=np.int64),
        seconds=np.array([_seconds(s.stamp) for s in spots], dtype=np.float64),
        rank=np.array(
            [MISSING if s.who.rank is None else s.who.rank for s in spots], dtype=np.int32
        ),
        local=np.array(
            [MISSING if s.who.local is None else s.who.local for s in spots], dtype=np.int32
        ),
        epoch=np.array([r.places.get("epoch", math.nan) for r in records], dtype=np.float64),
        step=np.array(column("step"), dtype=np.int64),
        batch=np.array(column("batch"), dtype=np.int64),
        metrics={
            name: np.array([decided.values[name] for _, decided in rows], dtype=np.float64)
            for name in shape.metrics
        },
        text=tuple(spot.line for spot in spots),
        arrival=spots[0].arrival,
        live=spots[0].live,
    )


def _seconds(stamp: Stamp | None) -> float:
    return math.nan if stamp is None else stamp.seconds
