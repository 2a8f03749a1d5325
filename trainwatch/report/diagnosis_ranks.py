"""The ranks of a diagnosis as a table: role, last position, silence, and what each is seen in.

Ranks of one role at one place share a row. A column that would be empty is left out, and where there
is little room the less telling ones; of the accused the whole reason stands below their row.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.text import Text

from trainwatch.diagnose.diagnosis import Diagnosis, RankDiagnosis, Role, Silence
from trainwatch.diagnose.words import spans
from trainwatch.health.words import brief_duration
from trainwatch.model.snapshot import RankStatus
from trainwatch.report.folding import fold
from trainwatch.report.jsonable import iso_stamp
from trainwatch.report.safe import safe_text

Wants = Callable[[int | None], bool]

_STYLES = {Role.GUILTY: "bold red", Role.SUSPECT: "red", Role.VICTIM: "yellow"}
_ORDER = (Role.GUILTY, Role.SUSPECT, Role.VICTIM, Role.CLEAN_UP, Role.UNKNOWN)
_ACCUSED = (Role.GUILTY, Role.SUSPECT)
_GROUPS = 6
_INDENT = 3
_GAP = "  "
_WIDE = 100
"""Cells from which there is room for when the last line was written."""

_NAMES = 14
_TENTH = 0.05
_REASON = 24
"""Cells that a reason needs at least to be worth a column."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Ranks of one role at one place.

    Attributes:
        ranks: In order.
        silence: Of the one that wrote last.
    """

    ranks: Sequence[RankDiagnosis]
    silence: Silence | None

    @property
    def first(self) -> RankDiagnosis:
        return self.ranks[0]

    @property
    def names(self) -> str:
        numbers = [rank.who.rank for rank in self.ranks if rank.who.rank is not None]
        if len(numbers) == len(self.ranks):
            return spans(numbers)
        return ", ".join(rank.who.label for rank in self.ranks)


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cell: Callable[[_Row], str]
    most: int = 40
    wide: bool = False

    def width(self, rows: Sequence[_Row]) -> int:
        """Cells that it takes."""
        return min(self.most, max(len(self.title), *(len(self.cell(row)) for row in rows)))


def _silent(row: _Row) -> str:
    over = row.first.state in (RankStatus.DEAD, RankStatus.FINISHED)
    if row.silence is None or row.silence.seconds is None or (over and not row.first.spot):
        return ""
    return brief_duration(row.silence.seconds)


def _before(row: _Row) -> str:
    longest = row.silence.longest if row.silence else None
    return "" if longest is None else "<0.1s" if longest < _TENTH else brief_duration(longest)


def _since(row: _Row) -> str:
    stated = iso_stamp(row.silence.since) if row.silence else None
    return "" if stated is None else stated[5:19].replace("T", " ")


_COLUMNS = (
    _Column("rank", lambda row: row.names, _NAMES),
    _Column("role", lambda row: row.first.role.value.replace("_", "-"), 9),
    _Column("last position", lambda row: row.first.spot, 34),
    _Column("silent", _silent, 10),
    _Column("longest before", _before, 14),
    _Column("last wrote", _since, 15, wide=True),
)
_OF_SILENCE = ("longest before", "last wrote")
_THREAD = _Column("main thread", lambda row: row.first.thread)
_WHY = _Column("why", lambda row: row.first.why)


def ranks_table(diagnosis: Diagnosis, wants: Wants, width: int) -> list[Text]:
    """The table in lines that are at most `width` wide; none where no rank is known."""
    rows = list(_rows(diagnosis, wants))
    if not rows:
        return []
    shown = rows[:_GROUPS]
    layout = _Layout.of(shown, width)
    lines = [layout.head] if len(layout.columns) > 1 else []
    for row in shown:
        place = row.first.thread.split(_GAP)[-1]
        lines += layout.lines(row, told=bool(place) and place in diagnosis.summary)
    if len(rows) > _GROUPS:
        rest = sum(len(row.ranks) for row in rows[_GROUPS:])
        lines.append(Text(f"{' ' * _INDENT}… {rest} more, see --json", style="dim"))
    return lines


def _rows(diagnosis: Diagnosis, wants: Wants) -> Iterator[_Row]:
    known = {one.who: one for one in diagnosis.silence}
    chosen = [rank for rank in diagnosis.ranks if wants(rank.who.rank)]

    def key(rank: RankDiagnosis) -> tuple[int, str, str, str]:
        return _ORDER.index(rank.role), rank.spot, rank.thread, rank.why

    for _, group in groupby(sorted(chosen, key=key), key):
        ranks = sorted(group, key=lambda rank: rank.who.sort_key)
        quiet = [known[rank.who] for rank in ranks if rank.who in known]
        yield _Row(ranks, min(quiet, key=lambda one: one.seconds or 0.0, default=None))


@dataclass(frozen=True)
class _Layout:
    """Which columns there are.

    Attributes:
        columns: Those of fixed width; `widths` theirs.
        last: Takes the rest of the line; None where nothing is left for it.
        width: Cells of a line.
    """

    columns: Sequence[_Column]
    widths: Sequence[int]
    last: _Column | None
    width: int

    @classmethod
    def of(cls, rows: Sequence[_Row], width: int) -> "_Layout":
        """What fits some rows."""
        threads = any(row.first.thread for row in rows)
        columns = [column for column in _COLUMNS if not (column.wide and width < _WIDE)]
        if threads:  # what a rank is seen in says more than how long it is silent as a rule
            columns = [one for one in columns if one.title not in _OF_SILENCE]
        columns = [column for column in columns if any(column.cell(row) for row in rows)]
        widths = [column.width(rows) for column in columns]
        left = width - _INDENT - sum(widths) - len(_GAP) * len(columns)
        last = _THREAD if threads else _WHY
        return cls(columns, widths, last if left >= _REASON else None, width)

    @property
    def head(self) -> Text:
        """The titles."""
        titles = [column.title for column in self.columns]
        line = self._line(titles, self.last.title if self.last else "")
        line.stylize("dim")
        return line

    def lines(self, row: _Row, *, told: bool) -> list[Text]:
        """A row; of the accused with the whole reason below it, unless it is told elsewhere."""
        cells = [column.cell(row) for column in self.columns]
        why = Text(safe_text(row.first.why))
        accused = row.first.role in _ACCUSED
        bare = not (row.first.spot or row.silence)  # then the reason is all that there is
        rest = self.last.cell(row) if self.last else row.first.why if bare else ""
        line = self._styled(row, cells, rest)
        if not accused or told or (self.last is _WHY and line.cell_len < self.width):
            return [line]
        indent = " " * (_INDENT + self.widths[0] + len(_GAP))
        below = fold(Text(indent).append_text(why), self.width, indent)
        return [self._styled(row, cells, "" if self.last is not _THREAD else rest), *below]

    def _styled(self, row: _Row, cells: Sequence[str], rest: str) -> Text:
        line = self._line(cells, rest)
        at = _INDENT + self.widths[0] + len(_GAP)
        line.stylize(_STYLES.get(row.first.role, ""), at, at + self.widths[1])
        return line

    def _line(self, cells: Sequence[str], rest: str) -> Text:
        text = Text(" " * _INDENT)
        for cell, room in zip(cells, self.widths, strict=True):
            part = Text(safe_text(cell))
            part.truncate(room, overflow="ellipsis", pad=True)
            text.append_text(part)
            text.append(_GAP)
        text.append(safe_text(rest))
        text.rstrip()
        text.truncate(self.width, overflow="ellipsis")
        return text
