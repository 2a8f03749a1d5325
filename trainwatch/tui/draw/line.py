"""Lines as they are drawn: runs of harmless text, each in a tone that says what it means.

No colours here: a theme turns tones into colours, so that a light theme or sixteen colours need no
change in what is said.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum, auto
from functools import reduce
from typing import NamedTuple

from trainwatch.tui.draw.text import cut as cut_text
from trainwatch.tui.draw.text import safe_text, width


class Tone(StrEnum):
    """What a run of text means to its reader."""

    PLAIN = auto()
    DIM = auto()
    STRONG = auto()
    RULE = auto()
    HEAD = auto()
    FOCUS = auto()
    KEY = auto()
    GOOD = auto()
    NOTE = auto()
    WARN = auto()
    BAD = auto()
    CURVE = auto()
    BAR = auto()
    REST = auto()
    PILL_GOOD = auto()
    PILL_NOTE = auto()
    PILL_WARN = auto()
    PILL_BAD = auto()


class Run(NamedTuple):
    """Text in one tone; made by `line`, which makes the text harmless."""

    text: str
    tone: Tone


Line = tuple[Run, ...]
Part = str | tuple[str, Tone] | Line
EMPTY: Line = ()
SEPARATOR: Line = (Run(" · ", Tone.DIM),)


def line(*parts: Part) -> Line:
    """A line of strings, (string, tone) pairs and other lines."""
    return tuple(run for part in parts for run in _runs(part) if run.text)


def _runs(part: Part) -> Iterable[Run]:
    if isinstance(part, str):
        return (Run(safe_text(part), Tone.PLAIN),)
    if len(part) == 2 and isinstance(part[0], str) and isinstance(part[1], Tone):  # noqa: PLR2004
        return (Run(safe_text(part[0]), part[1]),)
    return (run for run in part if isinstance(run, Run))


def plain(of: Line) -> str:
    """The text alone."""
    return "".join(run.text for run in of)


def cells(of: Line) -> int:
    """Cells that a line takes."""
    return sum(width(run.text) for run in of)


def cut(of: Line, limit: int) -> Line:
    """The line in at most so many cells."""
    kept: list[Run] = []
    left = limit
    for index, run in enumerate(of):
        taken = width(run.text)
        more = index + 1 < len(of)
        if taken > left or (taken == left and more):
            # The ellipsis has to say that something is missing, even when this run just fits.
            text = cut_text(run.text if taken > left else run.text + " ", left)
            return (*kept, run._replace(text=text)) if text else tuple(kept)
        kept.append(run)
        left -= taken
    return tuple(kept)


def skip(of: Line, many: int) -> Line:
    """The line without its first cells; half of a wide character is a blank."""
    if not many:
        return of
    rest: list[Run] = []
    for run in of:
        size = width(run.text)
        if many >= size:
            many -= size
            continue
        text = run.text
        while many > 0:
            many -= width(text[0])
            text = " " * -many + text[1:] if many < 0 else text[1:]
        rest.append(run._replace(text=text))
    return tuple(rest)


def fit(of: Line, exactly: int, *, right: bool = False) -> Line:
    """The line in exactly so many cells."""
    short = cut(of, exactly)
    missing = exactly - cells(short)
    if missing <= 0:
        return short
    blank = Run(" " * missing, Tone.PLAIN)
    return (blank, *short) if right else (*short, blank)


def spread(left: Line, right: Line, over: int) -> Line:
    """Both at their ends of one line; the left one gives way."""
    room = over - cells(right)
    if room <= 0:
        return fit(left, over)
    return (*fit(left, room), *right)


def join(parts: Sequence[Line], between: Line = SEPARATOR) -> Line:
    """The parts that are not empty, with something between them."""
    full = [part for part in parts if part]
    return reduce(lambda one, two: (*one, *between, *two), full) if full else EMPTY


def packed(parts: Sequence[Line], width: int, indent: int = 3) -> list[Line]:
    """Whole parts, as many in a line as fit; all lines but the first are indented."""
    lines: list[Line] = []
    row: Line = ()
    for part in parts:
        longer = (*row, *line("   "), *part) if row else (*line(" "), *part)
        if row and cells(longer) > width:
            lines.append(row)
            longer = (*line(" " * indent), *part)
        row = longer
    return [cut(one, width) for one in (*lines, row) if one]


def wrap(of: Line, room: int, most: int, indent: int = 0) -> list[Line]:
    """At most so many lines, broken at spaces; the last is cut. The first keeps its place.

    Args:
        of: A line of any length.
        room: Cells of each line.
        most: Lines at most.
        indent: Blank cells before each line but the first.
    """
    lines: list[Line] = []
    rest = of
    while rest and len(lines) + 1 < most and cells(rest) > room - (indent if lines else 0):
        here = room - (indent if lines else 0)
        head, tail = _break(rest, here)
        if len(lines) + 2 == most and cells(tail) > room - indent:
            head, tail = _break(rest, here, parts=False)  # what is said goes before how it looks
        rest = tail
        lines.append(_indented(head, indent if lines else 0))
    return [*lines, _indented(cut(rest, room - (indent if lines else 0)), indent if lines else 0)]


def _indented(of: Line, indent: int) -> Line:
    return (Run(" " * indent, Tone.PLAIN), *of) if indent else of


def _break(of: Line, room: int, *, parts: bool = True) -> tuple[Line, Line]:
    """Splits at the last space that leaves the head within the room."""
    at, used = _last_space(of, room, parts=parts)
    if not used:
        return cut(of, room), EMPTY
    index, position = at
    run = of[index]
    head = (*of[:index], run._replace(text=run.text[:position].rstrip(" ·")))
    tail = (run._replace(text=run.text[position:].lstrip()), *of[index + 1 :])
    return tuple(r for r in head if r.text), tuple(r for r in tail if r.text)


def _last_space(of: Line, room: int, *, parts: bool) -> tuple[tuple[int, int], int]:
    """Where to break: after a part of a sentence where that wastes little, else at a space."""
    best, used, part, part_used, done, before = (0, 0), 0, (0, 0), 0, 0, ""
    for index, run in enumerate(of):
        for position, character in enumerate(run.text):
            if character == " " and 0 < done <= room:
                best, used = (index, position), done
                if before in "·;,":
                    part, part_used = best, used
            done, before = done + width(character), character
            if done > room:
                return (part, part_used) if parts and part_used > room // 2 else (best, used)
    return best, used
