"""Reads the complete lines of one text log: recognises each, carries the context of headers."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from trainwatch.events import (
    MISSING,
    NOBODY,
    Draft,
    EpochMarker,
    EpochSummary,
    Event,
    LogLine,
    RankId,
    RankStarted,
    Stamp,
    TrainingEnded,
    Where,
)
from trainwatch.formats import Kind
from trainwatch.formats.filenames import FileRole
from trainwatch.parsing.columns import Span
from trainwatch.parsing.compiled import CompiledFormat, Fields
from trainwatch.parsing.faults import FaultLine, FaultReader
from trainwatch.parsing.general.marks import marked_rank, says_end
from trainwatch.parsing.general.whose import EVERY, Records
from trainwatch.parsing.identity import Writers, stated_rank
from trainwatch.parsing.labelled import Behind
from trainwatch.parsing.lines import Lines, Part, as_utf8, refreshes
from trainwatch.parsing.prefix import Clock, level_of, split_prefix
from trainwatch.parsing.rare import BUILDERS
from trainwatch.parsing.reads import Arrival, Read, joined
from trainwatch.parsing.recogniser import Recogniser
from trainwatch.parsing.scanned import ScannedBlock, Source
from trainwatch.parsing.scanner import Scanner
from trainwatch.parsing.seen import Place, Seen, quote
from trainwatch.parsing.steps import NAN, Gatherer, Groups, Stretch

if TYPE_CHECKING:
    from trainwatch.parsing.general.extractor import Extractor

_REFUSED = 256
"""Lines that the plain engine reads at most before the scanner is asked again."""

Witness = Callable[[FaultLine, Stamp | None], None]
"""Sees every line that no format knows, and the time that it states; for forensics."""

_NAMED_RANK = re.compile(rb"^\[Rank (\d{1,7})(?: Worker \d{1,7})?\] ")
_COLOUR = re.compile(rb"\x1b\[[0-9;:]{0,40}m")
_RULE = re.compile(rb"^[ \t]*(?:[=\-*#_~]{3,}[ \t]*)$")


def _matched(
    compiled: CompiledFormat, lines: Lines, start: int, number: int | None, limit: int
) -> Stretch | None:
    """The lines from a place on that a format matches, at most `limit`; None for none."""
    match, data, end = compiled.line.match, lines.data, start
    rows: list[Groups] = []
    spans: list[Span] = []
    while len(rows) < limit and (found := match(data, end)):
        rows.append(found.groups())
        spans.append((data, end, found.end() - 1))
        end = found.end()
    if not rows:
        return None
    count = len(rows)
    numbers = [MISSING] * count if number is None else range(number, number + count)
    return Stretch(compiled, rows, numbers, lines.offset, spans)


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


class LogReader:
    """The reader of one log; its state is the context that later lines of the file need.

    Args:
        file: The name that records and evidence carry.
        role: What the file's path says.
        recogniser: The formats to try.
        witness: Sees the lines that none of them knows.
        records: Whose records name what general rules find in the lines that no format knows;
            None: such lines are not read.
        labelled: Whether it reads what stands behind the labels of another reader's lines.
    """

    def __init__(
        self,
        file: str,
        role: FileRole,
        recogniser: Recogniser,
        witness: Witness | None = None,
        *,
        records: Records | None = EVERY,
        labelled: bool = False,
    ) -> None:
        self._general: Extractor | None = None  # until a line comes that no format knows
        self._records = records
        self._witness = witness
        self._file = file
        self._role = role
        self._recogniser = recogniser
        self._writers = Writers(role)
        self._clock = Clock()
        self._epochs: dict[RankId, float] = {}
        self._gatherer = Gatherer(file, role, self._clock, lambda who: self._epochs.get(who, NAN))
        self._scanner = Scanner(recogniser, self._gatherer.shape)
        self._faults = FaultReader()
        self._summaries: dict[RankId, EpochSummary] = {}
        self._unparsed = 0
        self._line = (False, False)  # of one that comes in parts: any, and any understood
        self._in_line = False
        self._seen = Seen()
        self._began = False
        self._labelled = labelled
        self._behind = None if labelled or role.rank is not None else Behind(role, self._like)

    @property
    def early(self) -> frozenset[int]:
        """Lines that general rules understood before the file had proved to be a training's log."""
        own = self._general.early if self._general else frozenset[int]()
        return own.union(*(reader.early for reader in self._others))

    @property
    def _others(self) -> Sequence["LogReader"]:
        """The readers of lines that have a label."""
        return self._behind.readers if self._behind else ()

    def _like(self, role: FileRole) -> "LogReader":
        """A reader of such lines."""
        return LogReader(
            self._file,
            role,
            self._recogniser,
            self._witness,
            records=self._records,
            labelled=True,
        )

    def disown(self) -> None:
        """Its lines are those of a node: whoever writes them has to say so himself."""
        self._writers.owned_by(NOBODY)

    def rename(self, file: str) -> None:
        """The next lines stand in another part of a rotated log; the context goes on."""
        self._file = file
        self._gatherer.rename(file)
        self._scanner.forget_shapes()
        for reader in self._others:
            reader.rename(file)

    def read(self, lines: Lines, arrival: Arrival, *, torn: bool = False) -> None:
        """Take the next complete lines of the file, or the torn one at its very end."""
        if lines.is_part:
            self._line_part(lines, arrival, torn=torn)
            return
        position, number, total = lines.start, lines.number, 0
        wait, patience = 0, 1  # lines before the scanner is asked again, and how many next time
        while position < lines.end:
            hot, count = self._recogniser.hot, 0
            # What stands behind labels comes line by line, which the scanner does not make faster.
            if not wait and not self._labelled and self._scanner.takes(hot):
                count, position = self._scan(lines, position, number, hot, arrival)
                # What the scanner refuses comes in runs: it is asked again ever more rarely.
                wait, patience = (0, 1) if count else (patience, min(2 * patience, _REFUSED))
            if not count:
                count, position = self._stretch(lines, position, number, wait or lines.end)
                if not count:
                    count, position = self._cold_line(lines, position, number, arrival, torn=torn)
                wait = max(0, wait - count)
            number = None if number is None else number + count
            total += count
        self._scanner.rest()
        if not torn:
            lines.were(total)

    def finish(self, arrival: Arrival) -> Read:
        """What the lines gave since the last call."""
        self._settle()
        items = self._gatherer.finish(arrival.time, live=arrival.live)
        last, recent = self._seen.take(partial(self._quoted, self._file, arrival))
        unparsed, self._unparsed = self._unparsed, 0
        if self._general and not self._in_line:  # a later refresh may count it as understood
            unparsed -= self._general.claims()
        read = Read(items, last, recent, unparsed)
        others = self._behind.finish(arrival) if self._behind else []
        return joined([read, *others]) if others else read

    def end(self) -> None:
        """No more lines: what waits for the next one is complete."""
        if self._general:
            self._general.end(self._file)
        for reader in self._others:
            reader.end()

    def _stretch(self, lines: Lines, start: int, number: int | None, limit: int) -> tuple[int, int]:
        """Read successive lines of the last step format; how many, and where they end."""
        hot = self._recogniser.hot
        stretch = _matched(hot, lines, start, number, limit) if hot else None
        if stretch is None:
            return 0, start
        self._known()
        self._steps(stretch)
        return len(stretch.rows), stretch.spans[-1][2] + 1

    def _scan(
        self, lines: Lines, start: int, number: int | None, hot: CompiledFormat, arrival: Arrival
    ) -> tuple[int, int]:
        """Let the native scanner read on from a place; how many lines, and where they end."""
        source = Source(self._file, self._role.attempt, arrival.time, arrival.live)
        scan = self._scanner.scan(lines, start, number, self._writers.owner, hot, source)
        if scan.lines:
            self._known()
            self._recogniser.hot = scan.hot
        for item in scan.items:
            if isinstance(item, ScannedBlock):
                self._gatherer.add_block(item)
                self._seen.add_rows(item.rows)
            else:
                self._take(item if item.enough else item.event())
                self._seen.add_mark(item)
        return scan.lines, scan.end

    def _known(self) -> None:
        """A record stands here: what follows does not follow on what went before."""
        self._faults.interrupt()
        if self._general:
            self._general.interrupt(self._file)
            self._settle()

    def _settle(self) -> None:
        """What general rules have decided by now stands before what comes next, however it is cut."""
        if self._general:
            self._gatherer.add(self._general.drain())

    def _steps(self, stretch: Stretch) -> None:
        """Add records that were matched."""
        self._scanner.learn(stretch.compiled)
        for rows in self._gatherer.add_steps(stretch, self._writers):
            self._seen.add_rows(rows)

    def _cold_line(
        self, lines: Lines, start: int, number: int | None, arrival: Arrival, *, torn: bool
    ) -> tuple[int, int]:
        """Read one line of whatever kind; 1, and where it ends."""
        end = lines.data.find(b"\n", start)
        end = lines.end if end < 0 else end
        if self._behind and self._behind.read(lines, start, end, number, arrival, torn=torn):
            self._gatherer.interrupt()
            return 1, end + 1
        parts = list(refreshes(lines.data[start:end], lines.offset + start, torn=torn))
        understood = [self._part(number, part, arrival) for part in parts]
        self._unparsed += bool(parts) and not any(understood)
        return 1, end + 1

    def _line_part(self, lines: Lines, arrival: Arrival, *, torn: bool) -> None:
        """Read refreshes of one line whose others come apart from them."""
        is_end = torn or lines.data[lines.end - 1 : lines.end] == b"\n"
        end = lines.end - (is_end and not torn)
        self._in_line = not is_end
        if not lines.continues:
            self._line = (False, False)
        if self._behind:
            behind = self._behind
            if (
                behind.go_on(lines, arrival, torn=torn)
                if lines.continues
                else behind.read(lines, lines.start, end, lines.number, arrival, torn=torn)
            ):
                self._gatherer.interrupt()
                return
        parts = refreshes(lines.data[lines.start : end], lines.place, torn=torn)
        understood = [self._part(lines.number, part, arrival) for part in parts]
        some, any_understood = self._line
        self._line = (some or bool(understood), any_understood or any(understood))
        if is_end:
            self._unparsed += self._line == (True, False)

    def _part(self, number: int | None, part: Part, arrival: Arrival) -> bool:
        """Read one refresh of a line; whether it was understood."""
        text = _COLOUR.sub(b"", part.text) if b"\x1b" in part.text else part.text
        text = as_utf8(text)
        records = self._recogniser.records(text)
        if part.torn and records and _half(*records[-1], len(text)):
            records = records[:-1]
        if not records:
            return self._other(Place(number, part.offset, text), arrival, torn=part.torn)
        self._known()
        for compiled, found in records:
            offset = part.offset + _colours(part.text, found.start())
            if compiled.is_step:
                span = (text, found.start(), found.end())
                numbers = [MISSING if number is None else number]
                self._steps(Stretch(compiled, [found.groups()], numbers, offset, [span]))
            else:
                place = Place(number, offset, text)
                common = self._common(self._who(compiled, found), place, found, arrival)
                self._scanner.learn(compiled)
                self._rare(compiled, compiled.fields(found), common)
                self._seen.add(common["who"], Place(number, offset + found.start(), found[0]))
        end = records[-1][1].end()
        rest = Place(number, part.offset + end + _colours(part.text, end), text[end:])
        if self._witness and rest.line.strip():  # a traceback may begin right behind a record
            self._unknown(rest, split_prefix(rest.line))
        return True

    def _rare(self, compiled: CompiledFormat, fields: Fields, common: dict[str, Any]) -> None:
        kind = compiled.format.kind
        if kind is Kind.SUMMARY_HEAD:
            self._summary_head(compiled, fields, common)
        elif kind is Kind.SUMMARY_LINE:
            self._summary_line(fields, common)
        elif kind in BUILDERS:
            self._take(BUILDERS[kind](compiled, fields, common))

    def _take(self, event: Event | Draft) -> None:
        """Keep an event, and what it says of the lines behind it."""
        if isinstance(event, (Draft, EpochMarker)):
            if event.epoch is not None:
                self._epochs[event.who] = event.epoch
        elif isinstance(event, RankStarted) and not self._began:
            self._began = True  # a node's own number in the name: the process knows better
            if self._role.rank is not None and event.who.rank is not None:
                self._writers.owned_by(event.who)
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

    def _other(self, place: Place, arrival: Arrival, *, torn: bool = False) -> bool:
        """Read a line that no format knows; whether it was understood all the same."""
        self._gatherer.interrupt()
        found = split_prefix(place.line)
        line = self._unknown(place, found)
        self._seen.add(line.who, place)
        if self._role.rank is None and line.who == self._writers.owner:
            self._writers.owned_by(stated_rank(line.message, self._file) or line.who)
        outcome = self._faults.feed(line)
        if isinstance(outcome, Event):
            self._settle()
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
        failing = isinstance(outcome, Event) or (outcome and line.level is None)
        understood = bool(outcome) or bool(_RULE.match(line.message))
        if self._records is None:
            return understood
        if failing:
            if self._general:
                self._general.interrupt(self._file)
            return understood
        from trainwatch.parsing.general.extractor import Extractor, Handed  # noqa: PLC0415

        # Made, and loaded, for the first such line: many a log of a known dialect has none.
        self._general = self._general or Extractor(self._role, self._records)
        if not understood and says_end(place.line):
            self._known()
            self._gatherer.add_event(TrainingEnded(**self._common(line.who, place, found, arrival)))
            return True
        seen = Handed(place.number, place.offset, place.line, arrival.time, arrival.live)
        return self._general.feed(self._file, seen, line.who, torn=torn, understood=understood)

    def _unknown(self, place: Place, found: re.Match[bytes]) -> FaultLine:
        named = _NAMED_RANK.match(found["message"]) if found["torch_rank"] is None else None
        rank = named[1] if named else self._marked(place.line, found)
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

    def _marked(self, line: bytes, found: re.Match[bytes]) -> bytes | None:
        """The rank that people's own marks name in the head of a line."""
        if self._role.rank is not None or found["torch_rank"] is not None:
            return None
        return marked_rank(line)

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

    def _quoted(self, file: str, arrival: Arrival, who: RankId, place: Place) -> LogLine:
        found = split_prefix(place.line)
        return LogLine(
            where=Where(file, place.number, place.offset),
            who=who,
            text=quote(place.line),
            message=quote(found["message"]),
            level=level_of(found),
            stamp=self._clock.stamp(found["clock"], found["fraction"], found["zone"]),
            arrival=arrival.time,
            live=arrival.live,
        )
