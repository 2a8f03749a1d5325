"""Reads the complete lines of one text log: recognises each, carries the context of headers."""

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainwatch.events import (
    MISSING,
    EpochMarker,
    EpochSummary,
    Event,
    LogLine,
    RankId,
    Stamp,
    StepBlock,
    Where,
)
from trainwatch.formats import Kind
from trainwatch.formats.filenames import FileRole
from trainwatch.parsing.columns import Span
from trainwatch.parsing.compiled import CompiledFormat
from trainwatch.parsing.faults import FaultLine, FaultReader
from trainwatch.parsing.identity import Writers
from trainwatch.parsing.lines import Lines, Part, refreshes
from trainwatch.parsing.prefix import LOCAL, TORCH_RANK, Clock, level_of, split_prefix
from trainwatch.parsing.rare import BUILDERS
from trainwatch.parsing.recogniser import Recogniser
from trainwatch.parsing.steps import NAN, Gatherer, Groups, Stretch

RECENT = 1000
"""Newest lines that are kept for people to read, of one feed as of a whole run: so the size of the
feeds does not show."""

MAX_TEXT = 500
"""Characters of a line that evidence quotes."""

Witness = Callable[[FaultLine, Stamp | None], None]
"""Sees every line that no format knows, and the time that it states; for forensics."""

_NAMED_RANK = re.compile(rb"^\[Rank (\d{1,7})(?: Worker \d{1,7})?\] ")
_COLOUR = re.compile(rb"\x1b\[[0-9;:]{0,40}m")
_RULE = re.compile(rb"^[ \t]*(?:[=\-*#_~]{3,}[ \t]*)$")


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a piece of a file arrived: `Chunk.time` and `Chunk.live`."""

    time: float
    live: bool


@dataclass(frozen=True, slots=True)
class Read:
    """What some lines gave: as `Parsed`, before the count of bytes."""

    items: tuple[StepBlock | Event, ...]
    last: Mapping[RankId, LogLine]
    recent: Sequence[LogLine]
    unparsed: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands, and the line."""

    number: int | None
    offset: int
    line: bytes


def _place(number: int, offset: int, span: Span) -> Place:
    data, start, end = span
    return Place(None if number == MISSING else number, offset + start, data[start:end])


def _colours(line: bytes, at: int) -> int:
    """How many bytes of colours stand in a line before what is at a place without them."""
    before = 0
    for code in _COLOUR.finditer(line) if b"\x1b" in line else ():
        if code.start() > at + before:
            break
        before += len(code[0])
    return before


def _half(compiled: CompiledFormat, found: re.Match[bytes], end: int) -> bool:
    """Whether the last value of a torn line may be half a value: `0.071` of `0.0716`."""
    return compiled.format.parsed.open_ended and found.end() == end


def quote(line: bytes) -> str:
    """A line as evidence: decoded, bounded, without its end; still untrusted."""
    return line[: MAX_TEXT * 4].decode(errors="replace")[:MAX_TEXT].rstrip("\r\n")


class LogReader:
    """The reader of one log; its state is the context that later lines of the file need.

    Args:
        file: The name that records and evidence carry.
        role: What the file's path says.
        recogniser: The formats to try.
        witness: Sees the lines that none of them knows.
    """

    def __init__(
        self, file: str, role: FileRole, recogniser: Recogniser, witness: Witness | None = None
    ) -> None:
        self._witness = witness
        self._file = file
        self._role = role
        self._recogniser = recogniser
        self._writers = Writers(role)
        self._clock = Clock()
        self._epochs: dict[RankId, float] = {}
        self._gatherer = Gatherer(file, role, self._clock, lambda who: self._epochs.get(who, NAN))
        self._faults = FaultReader()
        self._summaries: dict[RankId, EpochSummary] = {}
        self._unparsed = 0
        self._last: dict[RankId, Place] = {}
        self._recent: deque[tuple[RankId, Place]] = deque(maxlen=RECENT)

    def rename(self, file: str) -> None:
        """The next lines stand in another part of a rotated log; the context goes on."""
        self._file = file
        self._gatherer.rename(file)

    def read(self, lines: Lines, arrival: Arrival, *, torn: bool = False) -> Read:
        """Take the next complete lines of the file, or the torn one at its very end."""
        position, number = 0, lines.number
        while position < len(lines.data):
            count, position = self._stretch(lines, position, number)
            if not count:
                count, position = self._cold_line(lines, position, number, arrival, torn=torn)
            number = None if number is None else number + count
        items = self._gatherer.finish(arrival.time, live=arrival.live)
        read = Read(
            items,
            {who: self._quoted(who, place, arrival) for who, place in self._last.items()},
            tuple(self._quoted(who, place, arrival) for who, place in self._recent),
            self._unparsed,
        )
        self._last.clear()
        self._recent.clear()
        self._unparsed = 0
        return read

    def _stretch(self, lines: Lines, start: int, number: int | None) -> tuple[int, int]:
        """Read the successive lines of the last step format; how many, and where they end."""
        hot = self._recogniser.hot
        if hot is None:
            return 0, start
        match, data, end = hot.line.match, lines.data, start
        rows: list[Groups] = []
        spans: list[Span] = []
        while found := match(data, end):
            rows.append(found.groups())
            spans.append((data, end, found.end() - 1))
            end = found.end()
        if rows:
            self._faults.interrupt()
            count = len(rows)
            numbers = [MISSING] * count if number is None else list(range(number, number + count))
            self._steps(hot, rows, numbers, lines.offset, spans)
        return len(rows), end

    def _steps(
        self,
        compiled: CompiledFormat,
        rows: Sequence[Groups],
        numbers: Sequence[int],
        offset: int,
        spans: Sequence[Span],
    ) -> None:
        rank = self._gatherer.layout_rank(compiled)
        resolve = self._writers.resolve
        writers = [
            resolve(None if rank is None else row[rank], row[TORCH_RANK], row[LOCAL])
            for row in rows
        ]
        self._gatherer.add_steps(Stretch(compiled, rows, writers, numbers, offset, spans))
        places = list(zip(numbers, spans, strict=True))
        for who, (number, span) in dict(zip(writers, places, strict=True)).items():
            self._last[who] = _place(number, offset, span)
        for who, (number, span) in list(zip(writers, places, strict=True))[-RECENT:]:
            self._recent.append((who, _place(number, offset, span)))

    def _cold_line(
        self, lines: Lines, start: int, number: int | None, arrival: Arrival, *, torn: bool
    ) -> tuple[int, int]:
        """Read one line of whatever kind; 1, and where it ends."""
        end = lines.data.find(b"\n", start)
        end = len(lines.data) if end < 0 else end
        parts = list(refreshes(lines.data[start:end], lines.offset + start, torn=torn))
        understood = [self._part(number, part, arrival) for part in parts]
        self._unparsed += bool(parts) and not any(understood)
        return 1, end + 1

    def _part(self, number: int | None, part: Part, arrival: Arrival) -> bool:
        """Read one refresh of a line; whether it was understood."""
        text = _COLOUR.sub(b"", part.text) if b"\x1b" in part.text else part.text
        records = self._recogniser.records(text)
        if part.torn and records and _half(*records[-1], len(text)):
            records = records[:-1]
        if not records:
            return self._other(Place(number, part.offset, text), arrival)
        self._faults.interrupt()
        for compiled, found in records:
            offset = part.offset + _colours(part.text, found.start())
            if compiled.is_step:
                span = (text, found.start(), found.end())
                numbers = [MISSING if number is None else number]
                self._steps(compiled, [found.groups()], numbers, offset, [span])
            else:
                place = Place(number, offset, text)
                common = self._common(self._who(compiled, found), place, found, arrival)
                self._rare(compiled, found, common)
                self._seen(common["who"], Place(number, offset + found.start(), found[0]))
        end = records[-1][1].end()
        rest = Place(number, part.offset + end + _colours(part.text, end), text[end:])
        if self._witness and rest.line.strip():  # a traceback may begin right behind a record
            self._unknown(rest, split_prefix(rest.line))
        return True

    def _rare(
        self, compiled: CompiledFormat, found: re.Match[bytes], common: dict[str, Any]
    ) -> None:
        fields = compiled.fields(found)
        kind = compiled.format.kind
        if kind is Kind.SUMMARY_HEAD:
            self._summary_head(compiled, fields, common)
        elif kind is Kind.SUMMARY_LINE:
            self._summary_line(fields, common)
        elif kind in BUILDERS:
            event = BUILDERS[kind](compiled, fields, common)
            if isinstance(event, EpochMarker):
                self._epochs[event.who] = event.epoch
            self._gatherer.add_event(event)

    def _summary_head(
        self, compiled: CompiledFormat, fields: Mapping[str, Any], common: dict[str, Any]
    ) -> None:
        summary = EpochSummary(
            epoch=fields["epoch"],
            total_epochs=fields.get("total_epochs"),
            epoch_base=compiled.dialect.epoch_base,
            values={},
            **common,
        )
        self._summaries[summary.who] = summary
        self._gatherer.add_event(summary)

    def _summary_line(self, fields: Mapping[str, Any], common: dict[str, Any]) -> None:
        head = self._summaries.get(common["who"])
        if head is None:  # reading began in the middle: whose summary it is, is not known
            return
        self._gatherer.add_event(replace(head, values=fields, **common))

    def _other(self, place: Place, arrival: Arrival) -> bool:
        """Read a line that no format knows; whether it was understood all the same."""
        found = split_prefix(place.line)
        line = self._unknown(place, found)
        self._seen(line.who, place)
        outcome = self._faults.feed(line)
        if isinstance(outcome, Event):
            stamp = self._clock.stamp(found["clock"], found["fraction"], found["zone"])
            self._gatherer.add_event(
                replace(
                    outcome,
                    stamp=stamp,
                    arrival=arrival.time,
                    live=arrival.live,
                    attempt=self._role.attempt,
                )
            )
        return bool(outcome) or bool(_RULE.match(line.message))

    def _unknown(self, place: Place, found: re.Match[bytes]) -> FaultLine:
        named = _NAMED_RANK.match(found["message"]) if found["torch_rank"] is None else None
        rank = named[1] if named else None
        who = self._writers.resolve(rank, found["torch_rank"], found["local"])
        line = FaultLine(
            where=self._where(place, 0),
            who=who,
            # Interleaved tracebacks are told apart by any prefix, also by a node's local number.
            writer=RankId(who.rank, int(found["local"]) if found["local"] else None),
            level=level_of(found),
            message=found["message"][named.end() if named else 0 :].rstrip(b"\r"),
            text=quote(place.line),
        )
        if self._witness:
            stamp = self._clock.stamp(found["clock"], found["fraction"], found["zone"])
            self._witness(line, stamp)
        return line

    def _seen(self, who: RankId, place: Place) -> None:
        self._last[who] = place
        self._recent.append((who, place))

    def _who(self, compiled: CompiledFormat, found: re.Match[bytes]) -> RankId:
        rank = found["rank"] if compiled.has_rank else None
        return self._writers.resolve(rank, found["torch_rank"], found["local"])

    def _where(self, place: Place, start: int) -> Where:
        return Where(self._file, place.number, place.offset + start)

    def _common(
        self, who: RankId, place: Place, found: re.Match[bytes], arrival: Arrival
    ) -> dict[str, Any]:
        return {
            "where": self._where(place, found.start()),
            "who": who,
            "text": quote(found[0]),
            "stamp": self._clock.stamp(found["clock"], found["fraction"], found["zone"]),
            "arrival": arrival.time,
            "live": arrival.live,
            "attempt": self._role.attempt,
        }

    def _quoted(self, who: RankId, place: Place, arrival: Arrival) -> LogLine:
        found = split_prefix(place.line)
        return LogLine(
            where=self._where(place, 0),
            who=who,
            text=quote(place.line),
            message=quote(found["message"]),
            level=level_of(found),
            stamp=self._clock.stamp(found["clock"], found["fraction"], found["zone"]),
            arrival=arrival.time,
            live=arrival.live,
        )
