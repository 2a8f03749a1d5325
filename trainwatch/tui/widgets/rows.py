"""Rows that scroll; of many thousand only the visible ones are drawn, and only changes repainted."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from trainwatch.tui.draw.line import EMPTY, Line, skip
from trainwatch.tui.widgets.paint import Painted, changed, strip

T = TypeVar("T")
_BAR_STEPS = 50


class Rows(ScrollView, Painted, Generic[T], can_focus=True):
    """Items of which only the visible ones are ever drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._items: Sequence[T] = ()
        self._draw: Callable[[T, int], Line] = lambda _, __: EMPTY
        self._empty: Line = EMPTY
        self._shown: dict[int, Line] = {}
        self._made: dict[int, Line] = {}
        self._made_for = 0

    def set(
        self,
        items: Sequence[T],
        draw: Callable[[T, int], Line],
        empty: Line,
        *,
        scroll_to: int | None = None,
    ) -> None:
        """Shows these.

        Args:
            items: Anything; read when a row becomes visible, so they must not change.
            draw: Makes a line of one item for a width.
            empty: What is said when there are none.
            scroll_to: The item to have at the top, or the nearest one; None for the one that is.
        """
        self._items, self._draw, self._empty = items, draw, empty
        self._made.clear()
        self._measure(Size(self.span(items), max(len(items), 1)))
        if scroll_to is not None:
            # Before the comparison: else each row would be compared, and sent, twice.
            self.scroll_to(y=min(scroll_to, self.max_scroll_y), animate=False, force=True)
        self._refresh_changes()

    def _measure(self, size: Size) -> None:
        if size == self.virtual_size:
            return
        if self.styles.is_auto_height or not self.show_vertical_scrollbar:
            self.virtual_size = size
            self.refresh(layout=self.styles.is_auto_height)
            return
        # The plain assignment lays out and repaints all, for a log that grew by one line.
        self.set_reactive(Widget.virtual_size, size)
        self._move_bar()

    def _move_bar(self) -> None:
        """At the end of a list that grows the bar moves by steps: it is repainted as a whole."""
        bar, many = self.vertical_scrollbar, self.virtual_size.height
        at_end = self.scroll_y >= self.max_scroll_y and bar.position > 0
        if not at_end or abs(bar.window_virtual_size - many) * _BAR_STEPS > many:
            bar.window_virtual_size = many
            bar.position = self.scroll_y

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaints what differs from the rows that stood there, not the whole pane."""
        if self.show_vertical_scrollbar:
            self._move_bar()
        if round(old_value) != round(new_value):
            self._refresh_changes()

    @property
    def room(self) -> int:
        """Cells of a row; the scroll bar's is not among them."""
        return self.scrollable_content_region.width

    def span(self, items: Sequence[T]) -> int:
        """Cells that can be scrolled to sideways; 0 where lines are made to fit."""
        del items
        return 0

    def _refresh_changes(self) -> None:
        width = self.room
        for y in range(self.size.height):
            new, old = self._line(y), self._shown.get(y)
            if old is None:
                self.refresh(Region(0, y, width, 1))
            elif old != new:
                start, end = changed(old, new)
                self.refresh(Region(start, y, end - start, 1))

    def _line(self, y: int) -> Line:
        index = y + self.scroll_offset.y
        if not self._items:
            return self._empty if index == 0 else EMPTY
        if index >= len(self._items):
            return EMPTY
        return skip(self._drawn(index), self.scroll_offset.x)

    def _drawn(self, index: int) -> Line:
        """Compared first and painted after, but drawn once."""
        if self._made_for != self.room:
            self._made.clear()
            self._made_for = self.room
        if index not in self._made:
            self._made[index] = self._draw(self._items[index], self.room)
        return self._made[index]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line each."""
        del container, viewport, width
        return max(len(self._items), 1)

    def render_line(self, y: int) -> Strip:
        """One visible row."""
        drawn = self._line(y)
        self._shown[y] = drawn
        return strip(drawn, self.tones, self.room)
