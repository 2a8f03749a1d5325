"""The panes of tables and lines; each takes the run and shows its part of it."""

from collections.abc import Sequence
from typing import TypeVar

from trainwatch.events import Finding
from trainwatch.model.snapshot import RankView, RunView
from trainwatch.tui import alerts, epochs, logbook, ranks
from trainwatch.tui.line import Line
from trainwatch.tui.logbook import Entry, LogBook
from trainwatch.tui.pane import Pane
from trainwatch.tui.shape import Shape
from trainwatch.tui.table import Column, fitting, header, row
from trainwatch.tui.widgets import Rows

T = TypeVar("T")
_SCROLL_BAR = 1
_ATTEMPT = 5
_TROUBLED_IN_OVERVIEW = 5


def _titles(columns: Sequence[Column[T]], width: int) -> Line:
    """Over a body that leaves a cell to its scroll bar."""
    return header(fitting(columns, width - _SCROLL_BAR), width - _SCROLL_BAR)


class EpochPane(Pane):
    """The epochs, newest first."""

    def __init__(self) -> None:
        self.rows = Rows[epochs.Row]()
        super().__init__(self.rows, id="epochs")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the table where there is room beside the plot."""
        self.display = bool(shape.epoch_cells)
        self.styles.width = shape.epoch_cells + _ATTEMPT * epochs.restarted(view)
        columns = epochs.columns(view)
        self.entitle(epochs.heading(view), lambda width: [_titles(columns, width)])
        self.rows.set(
            epochs.rows(view),
            lambda item, width: row(fitting(columns, width), item, width),
            epochs.empty(view),
        )


class RankPane(Pane):
    """The ranks: a strip of letters, a table sorted by trouble, or both."""

    def __init__(self, *, whole_page: bool) -> None:
        self.rows = Rows[RankView]()
        super().__init__(self.rows, id="ranks-page" if whole_page else "ranks")
        self._whole = whole_page

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows what there is room for."""
        few = len(view.ranks) <= ranks.FEW
        table = self._table(view, shape, few=few)
        columns = ranks.columns(view)
        self.display = self._whole or not shape.tiny
        self.rows.display = self._whole or bool(table)
        if not self._whole:
            self.rows.styles.max_height = shape.rank_rows
        most = (20 if self._whole else 8) if shape.tall else (6 if self._whole else 3)
        strip, titles = not (few and self.rows.display), bool(table) and (few or self._whole)
        self.entitle(
            ranks.heading(view),
            lambda width: [
                *(ranks.strip(view, width, most) if strip else ()),
                *([_titles(columns, width)] if titles else ()),
            ],
        )
        self.rows.set(
            table, lambda one, width: row(fitting(columns, width), one, width), ranks.empty(view)
        )

    def _table(self, view: RunView, shape: Shape, *, few: bool) -> Sequence[RankView]:
        """On the overview all while they are few, else only those in trouble."""
        if self._whole:
            return ranks.by_trouble(view)
        if not (shape.wide and shape.tall):
            return ()
        return ranks.by_trouble(view) if few else ranks.troubled(view)[:_TROUBLED_IN_OVERVIEW]


class AlertPane(Pane):
    """The newest and gravest findings, one line each."""

    def __init__(self) -> None:
        self.rows = Rows[Finding]()
        super().__init__(self.rows, id="alerts")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows them; the head of the screen already tells the worst one."""
        self.display = shape.tall
        self.entitle(alerts.heading(view))
        self.rows.set(alerts.shown(view), alerts.row, alerts.empty(view))


class AlertPage(Pane):
    """All findings with their proofs."""

    def __init__(self) -> None:
        self.rows = Rows[Line]()
        super().__init__(self.rows, id="alerts-page")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows all."""
        del shape
        self.entitle(alerts.heading(view))
        lines = alerts.full(view, self.rows.size.width or self.app.size.width)
        self.rows.set(lines, lambda item, _: item, alerts.empty(view))

    def on_resize(self) -> None:
        """Breaks the lines anew."""


class LogRows(Rows[Entry]):
    """Log lines; follows the end until somebody scrolls away from it."""

    def __init__(self) -> None:
        super().__init__()
        self.following = True

    def span(self, items: object) -> int:
        """As far as the longest line goes."""
        del items
        return max((len(entry.text) for entry in self._items), default=0) + 20

    def append(self, book: LogBook, empty: Line, gone: int) -> None:
        """Shows what the book holds now.

        Args:
            book: The lines.
            empty: What is said when there are none.
            gone: How many lines left at the old end since the last time.
        """
        top = len(book.entries) if self.following else self.scroll_offset.y - gone
        self.set(
            tuple(book.entries),
            lambda one, _: logbook.drawn(one, book.name_width),
            empty,
            scroll_to=max(top, 0),
        )

    def to_end(self) -> None:
        """Goes to the newest line and stays there."""
        self.following = True
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def on_resize(self) -> None:
        """Stays at the end when the end moves."""
        if self.following:
            self.to_end()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Somebody who scrolls away from the end wants to read."""
        super().watch_scroll_y(old_value, new_value)
        self.following = new_value >= self.max_scroll_y


class LogPane(Pane):
    """The newest lines of all files."""

    def __init__(self, book: LogBook, *, whole_page: bool) -> None:
        self.rows = LogRows()
        super().__init__(self.rows, id="logs-page" if whole_page else "logs")
        self._book = book
        self._dropped = 0
        self._whole = whole_page

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows what the book holds."""
        if not self._whole:
            self.display = shape.wide and shape.tall
        gone, self._dropped = self._book.dropped - self._dropped, self._book.dropped
        self.rows.append(self._book, logbook.empty(view), gone)
        self.entitle(logbook.heading(self._book, following=self.rows.following))
