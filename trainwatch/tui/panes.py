"""Panes: a heading over a plot, a table or lines; each takes the run and shows its part of it."""

import contextlib
from collections.abc import Callable, Sequence
from threading import Thread
from typing import TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from trainwatch.events import Finding
from trainwatch.model.snapshot import RankView, RunView
from trainwatch.tui import alerts, epochs, logbook, plot, ranks
from trainwatch.tui.curve import Decimated
from trainwatch.tui.line import EMPTY, Line
from trainwatch.tui.logbook import Entry, LogBook
from trainwatch.tui.shape import Shape
from trainwatch.tui.table import Column, fitting, header, row
from trainwatch.tui.widgets import Block, Rows, rule

T = TypeVar("T")
_SCROLL_BAR = 1
_TROUBLED_IN_OVERVIEW = 5


Above = Callable[[int], Sequence[Line]]
"""Makes the lines between a heading and its body, for a width."""


class Pane(Vertical):
    """A heading and what stands under it."""

    def __init__(self, body: Widget, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.head = Block()
        self.body = body
        self._title: Line = EMPTY
        self._above: Above = _nothing_above

    def compose(self) -> ComposeResult:
        """The heading first."""
        yield self.head
        yield self.body

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows its part of the run."""
        raise NotImplementedError

    def entitle(self, title: Line, above: Above | None = None) -> None:
        """Sets the heading, and the lines between it and the body."""
        self._title, self._above = title, above or _nothing_above
        self.head.set(self._heading)

    def _heading(self, width: int, height: int) -> list[Line]:
        del height
        return [rule(self._title, width, focused=self.body.has_focus), *self._above(width)]

    def on_descendant_focus(self) -> None:
        """Marks the heading."""
        self.head.set(self._heading)

    def on_descendant_blur(self) -> None:
        """Takes the mark off."""
        self.head.set(self._heading)


def _nothing_above(width: int) -> Sequence[Line]:
    del width
    return ()


def _titles(columns: Sequence[Column[T]], width: int) -> Line:
    """Over a body that leaves a cell to its scroll bar."""
    return header(fitting(columns, width - _SCROLL_BAR), width - _SCROLL_BAR)


class PlotPane(Pane):
    """The loss; drawn only when it changed, and framed before plotext is there."""

    def __init__(self) -> None:
        self.block = Block(id="canvas")
        super().__init__(self.block, id="plot")
        self._drawn: dict[tuple[object, ...], list[Line]] = {}
        self.ready = self._begun = False

    def _begin(self) -> None:
        """Loads plotext once the first frame is there: imports in a thread slow down all others."""
        if not self._begun:
            self._begun = True
            Thread(target=self._load, name="trainwatch-plotext", daemon=True).start()

    def _load(self) -> None:
        import plotext  # noqa: F401, PLC0415

        with contextlib.suppress(RuntimeError):  # the dashboard is gone already
            self.app.call_later(self._loaded)

    def _loaded(self) -> None:
        self.ready = True
        self._drawn.clear()
        self.block.redraw()

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the first curve."""
        del shape
        self.entitle(plot.heading(view))
        self.block.set(lambda width, height: self._lines(view, width, height))
        if view.curves and not self._begun:
            self.call_after_refresh(self._begin)

    def _lines(self, view: RunView, width: int, height: int) -> list[Line]:
        curve = plot.main_curve(view)
        if curve is None:
            return [plot.empty(view)]
        newest = curve.x[-1:].tobytes() + curve.mean[-1:].tobytes() + curve.nonfinite[-1:].tobytes()
        key = (width, height, len(curve.x), curve.bucket, curve.attempts, newest)
        if key not in self._drawn:
            self._drawn = {key: plot.draw(curve, width, height, self._canvas)}
        return self._drawn[key]

    def _canvas(self, of: Decimated, height: int) -> list[str]:
        if not self.ready:
            return [" " * of.columns] * height
        from trainwatch.tui.curve import canvas  # noqa: PLC0415

        return canvas(of, height)


class EpochPane(Pane):
    """The epochs, newest first."""

    def __init__(self) -> None:
        self.rows = Rows[epochs.Row]()
        super().__init__(self.rows, id="epochs")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the table where there is room beside the plot."""
        self.display = bool(shape.epoch_cells)
        self.styles.width = shape.epoch_cells
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
        following = self.following
        self.set(tuple(book.entries), lambda one, _: logbook.drawn(one, book.name_width), empty)
        if following:
            self.to_end()
        elif gone:
            self.scroll_to(y=self.scroll_offset.y - gone, animate=False)

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
