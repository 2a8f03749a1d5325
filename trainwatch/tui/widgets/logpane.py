"""The newest log lines beside other panes; the whole files are on a screen of their own."""

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import logbook
from trainwatch.tui.draw.line import Line
from trainwatch.tui.draw.logbook import Entry, LogBook
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows


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
        # Forced: until the scroll bar is there, scrolling is not allowed.
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def on_resize(self) -> None:
        """Stays at the end when the end moves."""
        if self.following:
            self.to_end()
            self.call_after_refresh(self._stay)

    def _stay(self) -> None:
        if self.following:
            self.to_end()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Somebody who scrolls away from the end wants to read."""
        super().watch_scroll_y(old_value, new_value)
        self.following = new_value >= self.max_scroll_y


class LogPane(Pane):
    """The newest lines of all files."""

    def __init__(self, book: LogBook, *, alone: bool = False) -> None:
        self.rows = LogRows()
        super().__init__(self.rows, id="logs")
        self._book = book
        self._dropped = 0
        self._alone = alone

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows what the book holds."""
        self.display = self._alone or (shape.wide and shape.tall)
        gone, self._dropped = self._book.dropped - self._dropped, self._book.dropped
        self.rows.append(self._book, logbook.empty(view), gone)
        self.entitle(logbook.heading(self._book, following=self.rows.following))
