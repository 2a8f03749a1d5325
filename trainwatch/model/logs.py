"""What a view asks of the logs themselves, and what it gets: a few lines of files of any size."""

from dataclasses import dataclass, field
from enum import StrEnum

from trainwatch.events import Evidence, LogLine


class Act(StrEnum):
    """What a view can ask for."""

    REFRESH = "refresh"
    SCROLL = "scroll"
    START = "start"
    END = "end"
    GO = "go"
    EVIDENCE = "evidence"
    FIND = "find"
    AGAIN = "again"
    ERROR = "error"
    WARNING = "warning"
    FILTER = "filter"


class Level(StrEnum):
    """The least grave lines that are shown."""

    ALL = "all"
    WARNING = "warnings"
    ERROR = "errors"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines are shown.

    Attributes:
        file: Of this file only; None: of all files whose lines state a time, in its order.
        include: Only lines that this regular expression fits; empty for all.
        exclude: None that this one fits.
        level: The least grave ones.
        ranks: Of these only.
    """

    file: str | None = None
    include: str = ""
    exclude: str = ""
    level: Level = Level.ALL
    ranks: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class LogRequest:
    """One wish of a view.

    Attributes:
        act: What.
        rows: Lines that there is room for.
        by: Lines to scroll by; for searches 1 or -1.
        text: What to look for, or where to go: a time, `:LINE`, `50%`.
        evidence: Where to go, as a finding has it.
        filter: From now on.
    """

    act: Act
    rows: int
    by: int = 0
    text: str = ""
    evidence: Evidence | None = None
    filter: LogFilter = field(default_factory=LogFilter)


@dataclass(frozen=True, slots=True)
class LogScreen:
    """The lines that are seen.

    Attributes:
        lines: From top to bottom.
        cursor: Index of the line that keys act on.
        number: Its line number; None while it is being counted.
        share: Of all bytes before the last line shown, 0 to 1.
        follow: Whether the newest lines are shown as they come.
        filter: In force.
        files: Every log, by name.
        unmerged: Those that state no times, so that their lines cannot be placed among others.
        pattern: Looked for last.
        note: What came of the request, where that needs words.
        busy: Share of the bytes that a search has gone through; None when it is done.
    """

    lines: tuple[LogLine, ...] = ()
    cursor: int = 0
    number: int | None = None
    share: float = 0.0
    follow: bool = True
    filter: LogFilter = field(default_factory=LogFilter)
    files: tuple[str, ...] = ()
    unmerged: tuple[str, ...] = ()
    pattern: str = ""
    note: str = ""
    busy: float | None = None
