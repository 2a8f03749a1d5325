"""The newest log lines, gathered from snapshots that overlap; bounded, and it can be held."""

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainwatch.events import LogLine, RankId
from trainwatch.model.moments import epoch_seconds
from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw.line import Line, Tone, fit, line
from trainwatch.tui.draw.text import cut, safe_text, width
from trainwatch.tui.draw.words import plural

LEVELS = {
    "ERROR": Tone.BAD,
    "CRITICAL": Tone.BAD,
    "FATAL": Tone.BAD,
    "WARNING": Tone.WARN,
    "WARN": Tone.WARN,
    "DEBUG": Tone.DIM,
}
_LONGEST_NAME = 14


@dataclass(frozen=True, slots=True)
class Entry:
    """One line as it is shown; the texts are harmless. `line` is None for a gap."""

    line: LogLine | None
    text: str
    source: str = ""

    @property
    def tone(self) -> Tone:
        """By its level; the level stands in the text too."""
        if self.line is None:
            return Tone.WARN
        return LEVELS.get((self.line.level or "").upper(), Tone.PLAIN)


_GAP = Entry(
    None, "··· more lines were written here than a snapshot holds; they are in the files ···"
)

_Key = tuple[str, int, RankId]


class LogBook:
    """Lines in the order in which they were seen.

    While files that were there already are still being read, one after another, they are put in the
    order of their times.

    Attributes:
        entries: The lines, oldest first.
        dropped: Lines that have left at the old end, ever; what was at place n is now at n - dropped.
        held: Lines that wait while it is paused; more than `limit` of them are only counted.
        name_width: Cells of the longest source's name so far.
    """

    def __init__(self, limit: int = 2000) -> None:
        self.limit = limit
        self.entries: deque[Entry] = deque()
        self.dropped = 0
        self.held = 0
        self.name_width = 2
        self._paused = False
        self._known: dict[_Key, None] = {}
        self._waiting: deque[Entry] = deque(maxlen=limit)
        self._recent: Sequence[LogLine] = ()
        self._loading = True

    @property
    def paused(self) -> bool:
        """Whether new lines wait."""
        return self._paused

    def pause(self, paused: bool) -> None:
        """Holds new lines back, or lets them in."""
        self._paused = paused
        if not paused and self._waiting:
            lost = self.held > len(self._waiting)
            self._append([_GAP] * lost + list(self._waiting))
            self._waiting.clear()
            self.held = 0

    def take(self, view: RunView) -> None:
        """Appends what is new in a snapshot."""
        if view.recent is self._recent:
            return
        self._recent = view.recent
        new = [one for one in view.recent if _key(one) not in self._known]
        gap = bool(self._known) and len(new) == len(view.recent) and bool(new)
        self._remember(new)
        entries = [_GAP] * gap + [Entry(one, safe_text(one.text), source(one)) for one in new]
        if self._paused:
            self._waiting.extend(entries)
            self.held += len(new)
        else:
            self._append(entries)
        self._loading = self._loading and view.loaded < 1.0

    def _remember(self, new: Iterable[LogLine]) -> None:
        self._known.update((_key(one), None) for one in new)
        for key in list(self._known)[: max(len(self._known) - 2 * self.limit, 0)]:
            del self._known[key]

    def _append(self, entries: Sequence[Entry]) -> None:
        self.name_width = max([self.name_width, *(width(entry.source) for entry in entries)])
        self.entries.extend(entries)
        if self._loading:
            self.entries = deque(_by_time(self.entries))
        while len(self.entries) > self.limit:
            self.entries.popleft()
            self.dropped += 1


def _key(one: LogLine) -> _Key:
    # Not the line number: it is unknown at first where reading began in the middle of a file.
    return one.where.file, one.where.offset, one.who


def drawn(entry: Entry, name_width: int) -> Line:
    """Who, then the line; long lines are not cut, they are scrolled sideways."""
    if entry.line is None:
        return line((entry.text, entry.tone))
    who = fit(line((f" {entry.source}", Tone.DIM)), name_width + 1)
    return line(who, "  ", (entry.text, entry.tone))


def source(of: LogLine) -> str:
    """The rank in short, or the file where no rank is known."""
    if of.who.rank is not None:
        return f"r{of.who.rank}"
    name = of.who.label if of.who.local is not None else _short(of.where.file)
    return cut(safe_text(name), _LONGEST_NAME)


_ENDING = re.compile(r"(?:[._-]?\d{4,}(?:[._T-]\d{2,})*)?\.\w{1,5}$")


def _short(file: str) -> str:
    """A log's name without what all logs of a run have in common: when it began, and `.log`."""
    name = file.rsplit("/", 1)[-1]
    return _ENDING.sub("", name) or name


def _by_time(entries: Iterable[Entry]) -> list[Entry]:
    """Orders what was read file by file; a line without a time stays behind the one before it."""
    known: dict[str, float] = {}

    def moment(entry: Entry) -> float:
        if (one := entry.line) is None:
            return max(known.values(), default=-math.inf)
        if one.stamp is not None:
            known[one.where.file] = epoch_seconds(one.stamp, 0.0)
        return known.get(one.where.file, -math.inf)

    return sorted(entries, key=moment)


def heading(book: LogBook, *, following: bool) -> Line:
    """Whether it moves, and what it takes to change that."""
    if book.paused:
        state = (f"PAUSED, {plural(book.held, 'newer line')} · space goes on", Tone.WARN)
    elif following:
        state = ("following", Tone.DIM)
    else:
        state = ("held where you read · f follows", Tone.NOTE)
    return line(("logs", Tone.HEAD), (" · ", Tone.DIM), state)


def empty(view: RunView) -> Line:
    """What it waits for."""
    waiting = "the first line" if view.files else "the first log file"
    return line((f" waiting for {waiting}", Tone.DIM))
