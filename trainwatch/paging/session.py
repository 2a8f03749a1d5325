"""Somebody reading the logs: where they are, what they filter by, what they look for."""

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from trainwatch.events import Evidence, LogLine
from trainwatch.model.logs import Act, Level, LogFilter, LogRequest, LogScreen
from trainwatch.paging.index import STEP, LineIndex
from trainwatch.paging.merge import Cut, Files, MergedLog, compiled, unmerged

_LINE = re.compile(r"^:?(\d{1,12})$")
_SHARE = re.compile(r"^(\d{1,3}(?:\.\d+)?) ?%$")
_CLOCK = re.compile(r"^(\d{1,2}):(\d\d)(?::(\d\d))?$")
_ABOVE = 3
"""A line that was looked for stands at this part of the height, counted from the top."""


class Located(Files, Protocol):
    """Logs that also know where a proof stands now."""

    def locate(self, evidence: Evidence) -> tuple[str, int] | None:
        """Name and offset of a line, also after a rotation; None where it is gone."""


class Session:
    """Answers requests with screens; no request reads more than it needs."""

    def __init__(self, files: Located) -> None:
        self._files = files
        self._log = MergedLog(files)
        self._filter = LogFilter()
        self._top: Cut = {}
        self._cursor = 0
        self._follow = True
        self._pattern = ""
        self._lines: list[LogLine] = []
        self._bottom: Cut = {}
        self._indices: dict[str, LineIndex] = {}
        self._decided = False

    def answer(self, request: LogRequest) -> LogScreen:
        """The screen after a request."""
        rows = max(request.rows, 1)
        self._choose_file()
        if not self._lines:
            self._fill(rows)
        try:
            note = self._do(request, rows)
        except re.error as error:
            note = f"no regular expression: {error}"
        if not self._lines or request.act is not Act.SCROLL or request.by:
            self._fill(rows)
        return self._screen(note)

    def count(self) -> bool:
        """Counts lines up to the cursor, a step further; whether there is more to count."""
        at = self._cursor_place()
        if at is None:
            return False
        name, offset = at
        index = self._indices.setdefault(name, LineIndex())
        if index.counted + STEP <= offset:
            index.add(self._files.read(name, index.counted, STEP))
            return True
        return False

    # --- requests -------------------------------------------------------------------------------

    def _do(self, request: LogRequest, rows: int) -> str:
        match request.act:
            case Act.REFRESH:
                return ""
            case Act.SCROLL | Act.START | Act.END:
                self._move(request, rows)
                return ""
            case Act.FILTER:
                return self._set_filter(request.filter)
            case Act.GO:
                return self._go(request.text.strip(), rows)
            case Act.EVIDENCE:
                return self._prove(request.evidence, rows) if request.evidence else ""
            case _:
                return self._look_for(request, rows)

    def _move(self, request: LogRequest, rows: int) -> None:
        if request.act is Act.SCROLL:
            self._scroll(request.by, rows)
        elif request.act is Act.END:
            self._follow = True
        else:
            self._follow, self._top, self._cursor = False, self._log.start(), 0

    def _look_for(self, request: LogRequest, rows: int) -> str:
        levels = {Act.ERROR: Level.ERROR, Act.WARNING: Level.WARNING}
        if request.act in levels:
            return self._find(request.by, rows, levels[request.act], "")
        if request.act is Act.FIND:
            compiled(request.text)
            self._pattern = request.text
        if not self._pattern:
            return "nothing was looked for yet"
        note = self._find(request.by, rows, None, self._pattern)
        if not note or request.act is not Act.FIND:
            return note
        # Who follows a log stands at its end: what is looked for lies before it.
        other = self._find(-request.by, rows, None, self._pattern)
        return f"no {self._pattern} in these logs" if other else f"{note}, but here"

    def _choose_file(self) -> None:
        """At first all files merged; one of them where none states a time."""
        sizes = self._files.sizes()
        if not self._decided and any(sizes.values()):
            self._decided = True
            if not self._log.names(self._filter):
                self._filter = replace(self._filter, file=max(sizes, key=lambda name: sizes[name]))

    def _set_filter(self, wanted: LogFilter) -> str:
        for text in (wanted.include, wanted.exclude):
            compiled(text)
        here = self._cursor_place()
        self._filter = wanted
        if not self._follow and here is not None and here[0] in self._log.names(wanted):
            self._top, self._cursor = self._log.at(*here, wanted), 0
        elif not self._follow:
            self._top, self._cursor = self._log.start(), 0
        return ""

    def _scroll(self, by: int, rows: int) -> None:
        """Moves the cursor; the lines move when it is at the edge, or by whole pages."""
        if abs(by) == 1:
            wanted = self._cursor + by
            if 0 <= wanted < len(self._lines):
                self._cursor, self._follow = wanted, self._follow and by > 0
                return
        self._follow = False
        if by > 0:
            _, moved = self._log.down(self._top, by, self._filter)
            ahead, _ = self._log.down(moved, rows, self._filter)
            if len(ahead) < rows:
                self._follow = True
            else:
                self._top = moved
        else:
            _, self._top = self._log.up(self._top, -by, self._filter)

    def _go(self, text: str, rows: int) -> str:
        share, line, clock = _SHARE.match(text), _LINE.match(text), _CLOCK.match(text)
        if share is not None:
            cut = self._log.at_share(min(float(share[1]) / 100, 1.0), self._filter)
        elif line is not None:
            place = self._line_place(int(line[1]))
            if place is None:
                return "a line number needs one file: F chooses it"
            cut = self._log.at(*place, self._filter)
        else:
            seconds = self._moment(text, clock)
            if seconds is None:
                return (
                    "write a time such as 14:32 or 2026-11-25 14:32:07, a line such as :881, or 50%"
                )
            cut = self._log.at_time(seconds, self._filter)
        self._show_at(cut, rows)
        return ""

    def _moment(self, text: str, clock: re.Match[str] | None) -> float | None:
        """Seconds as logs state them; a time of day is that of the day of the cursor's line."""
        if clock is None:
            try:
                return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
            except ValueError:
                return None
        here = next((one.stamp for one in self._lines[self._cursor :] if one.stamp), None)
        if here is None:
            return None
        midnight = math.floor(here.seconds / 86400) * 86400.0
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return midnight + timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()

    def _line_place(self, number: int) -> tuple[str, int] | None:
        """Where a line of the one file begins; counts from the front, a step at a time."""
        here = self._cursor_place()
        name = self._filter.file or (here[0] if here is not None else None)
        if name is None or self._filter.file is None:
            return None
        left, offset = number - 1, 0
        size = self._files.sizes()[name]
        while left > 0 and offset < size:
            block = self._files.read(name, offset, STEP)
            if not block:
                break
            many = block.count(b"\n")
            if many >= left:
                at = -1
                for _ in range(left):
                    at = block.index(b"\n", at + 1)
                return name, offset + at + 1
            left, offset = left - many, offset + len(block)
        return name, min(offset, size)

    def _prove(self, evidence: Evidence, rows: int) -> str:
        found = self._files.locate(evidence)
        if found is None:
            return f"{evidence.file} is not there any more"
        name, offset = found
        if name not in self._log.names(self._filter):
            self._filter = LogFilter(file=name)
        shown = self._log.at(name, offset, self._filter)
        line, _ = self._log.down(shown, 1, self._filter)
        if not line or line[0].where.offset != shown[name]:
            self._filter = LogFilter(file=self._filter.file)
        self._show_at(self._log.at(name, offset, self._filter), rows)
        return ""

    def _find(self, way: int, rows: int, level: Level | None, needle: str) -> str:
        here = self._cursor_place()
        if here is None:
            return "nothing to look through"
        name, offset = here
        cut = self._log.at(name, offset, self._filter)
        if way > 0:
            _, cut = self._log.down(cut, 1, self._filter)
            found, _ = self._log.down(cut, 1, self._filter, level, needle)
        else:
            found, _ = self._log.up(cut, 1, self._filter, level, needle)
        if not found:
            return f"no {needle or level or ''} {'behind' if way > 0 else 'before'} this line"
        where = found[0].where
        self._show_at(self._log.at(where.file, where.offset, self._filter), rows)
        return ""

    # --- screens --------------------------------------------------------------------------------

    def _show_at(self, cut: Cut, rows: int) -> None:
        """The line behind a cut under the cursor, some lines above it."""
        self._follow = False
        above, self._top = self._log.up(cut, rows // _ABOVE, self._filter)
        self._cursor = len(above)

    def _fill(self, rows: int) -> None:
        if not self._follow:
            if self._cursor >= rows:  # less room than before: the line that keys act on stays
                _, self._top = self._log.down(self._top, self._cursor - rows + 1, self._filter)
                self._cursor = rows - 1
            self._lines, self._bottom = self._log.down(self._top, rows, self._filter)
            if len(self._lines) < rows:
                missing = rows - len(self._lines)
                above, self._top = self._log.up(self._top, missing, self._filter)
                self._lines = [*above, *self._lines]
                self._cursor += len(above)
        else:
            self._bottom = self._log.end()
            self._lines, self._top = self._log.up(self._bottom, rows, self._filter)
            self._cursor = len(self._lines) - 1
        self._cursor = min(max(self._cursor, 0), max(len(self._lines) - 1, 0))

    def _cursor_place(self) -> tuple[str, int] | None:
        if not self._lines:
            return None
        where = self._lines[min(self._cursor, len(self._lines) - 1)].where
        return where.file, where.offset

    def _number(self) -> int | None:
        at = self._cursor_place()
        if at is None:
            return None
        name, offset = at
        base = self._indices.setdefault(name, LineIndex()).base(offset)
        if base is None:
            return None
        start, before = base
        return before + self._files.read(name, start, offset - start).count(b"\n") + 1

    def _screen(self, note: str) -> LogScreen:
        names = tuple(self._files.sizes())
        return LogScreen(
            lines=tuple(self._lines),
            cursor=self._cursor,
            number=self._number(),
            share=self._log.share(self._bottom, self._filter),
            follow=self._follow,
            filter=self._filter,
            files=names,
            unmerged=unmerged(self._log, names) if self._filter.file is None else (),
            pattern=self._pattern,
            note=note,
        )

    def screen(self) -> LogScreen:
        """The same screen again, with a line number that is known by now."""
        return self._screen("")
