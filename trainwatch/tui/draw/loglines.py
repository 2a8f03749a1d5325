"""A screen of log lines: whose, when, what; and above it what it is a part of."""

import re
from collections.abc import Sequence

from trainwatch.events import LogLine
from trainwatch.model.logs import Level, LogFilter, LogScreen
from trainwatch.tui.draw.line import EMPTY, Line, Part, Tone, fit, join, line, plain, skip
from trainwatch.tui.draw.logbook import LEVELS, source
from trainwatch.tui.draw.text import cut, safe_text, width
from trainwatch.tui.draw.words import percent, plural


def heading(screen: LogScreen, cells: int = 120) -> Line:
    """What is shown: which file, whether it follows, and where in it."""
    of = screen.filter
    where = of.file or f"{plural(len(screen.files) - len(screen.unmerged), 'file')} by time"
    follow = ("following", Tone.GOOD) if screen.follow else ("held · f follows", Tone.NOTE)
    busy = EMPTY
    if screen.busy is not None:
        busy = line((f"searching, {percent(screen.busy)} read", Tone.WARN))
    parts = [line((where, Tone.DIM)), line(follow), line((percent(screen.share), Tone.DIM)), busy]
    name = line(("logs", Tone.HEAD), (" · ", Tone.DIM))
    shown = (*name, *join([part for part in parts if part]))
    if not screen.lines:
        return shown
    return join([shown, _place(screen, min(cells - width(plain(shown)) - _RULE, 60))])


def _place(screen: LogScreen, room: int) -> Line:
    """Where the cursor is; the name gives way, not the number behind it."""
    at = screen.lines[screen.cursor].where
    number = f":{screen.number}" if screen.number is not None else f" byte {at.offset}"
    name = cut(safe_text(at.file.rsplit("/", 1)[-1]), max(room - len(number), 8))
    return line((name + number, Tone.NOTE))


_RULE = 9
"""Cells of the rule around a heading, and of the mark before a place."""


def above(screen: LogScreen, cells: int) -> list[Line]:
    """What came of the last request, the filters in force, and what cannot be merged."""
    of = screen.filter
    parts = [
        line((screen.note, Tone.WARN)) if screen.note else EMPTY,
        _named("level", of.level.value) if of.level is not Level.ALL else EMPTY,
        _named("ranks", ranks_text(of)) if of.ranks is not None else EMPTY,
        _named("only", of.include) if of.include else EMPTY,
        _named("without", of.exclude) if of.exclude else EMPTY,
        _named("/", screen.pattern) if screen.pattern else EMPTY,
        _unmerged(screen.unmerged),
    ]
    shown = join([part for part in parts if part])
    return [fit(line(" ", shown), cells)] if shown else []


def _named(name: str, value: str) -> Line:
    return line((f"{name} ", Tone.DIM), (value, Tone.NOTE))


def _unmerged(names: Sequence[str]) -> Line:
    if not names:
        return EMPTY
    first = names[0].rsplit("/", 1)[-1]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return line((f"without times, alone by F: {first}{more}", Tone.DIM))


def ranks_text(of: LogFilter) -> str:
    """The ranks of a filter as they are typed."""
    return ",".join(map(str, sorted(of.ranks))) if of.ranks is not None else ""


def rows(screen: LogScreen, *, shift: int, times: bool) -> list[Line]:
    """The lines; the one that keys act on is marked."""
    pattern = _compiled(screen.pattern)
    alone = len({(one.where.file, one.who) for one in screen.lines}) < 2  # noqa: PLR2004
    room = 0 if alone else max(width(source(one)) for one in screen.lines) + 1
    return [
        _row(one, here=at == screen.cursor, shift=shift, pattern=pattern, room=room, times=times)
        for at, one in enumerate(screen.lines)
    ]


def _row(
    of: LogLine,
    *,
    here: bool,
    shift: int,
    pattern: re.Pattern[str] | None,
    room: int,
    times: bool,
) -> Line:
    mark = line(("▸" if here else " ", Tone.FOCUS))
    who = fit(line((source(of), Tone.DIM)), room)
    tone = LEVELS.get((of.level or "").upper(), Tone.PLAIN)
    text = of.text if times or of.stamp is None else of.message
    body = skip(line(*_marked(safe_text(text), tone, pattern)), shift)
    return line(mark, who, body)


def _marked(text: str, tone: Tone, pattern: re.Pattern[str] | None) -> list[Part]:
    if pattern is None:
        return [(text, tone)]
    parts: list[Part] = []
    start = 0
    for found in pattern.finditer(text):
        if found.end() > found.start():
            parts += [(text[start : found.start()], tone), (found[0], Tone.PILL_NOTE)]
            start = found.end()
    return [*parts, (text[start:], tone)]


def _compiled(text: str) -> re.Pattern[str] | None:
    try:
        flags = 0 if any(character.isupper() for character in text) else re.IGNORECASE
        return re.compile(text, flags) if text else None
    except re.error:
        return None
