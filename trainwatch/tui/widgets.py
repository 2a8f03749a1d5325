"""The two widgets everything is made of: a block of lines, and rows that scroll.

Both repaint only the cells that changed: most of a training's screen stays the same from second
to second, and the bytes of a repaint go through somebody's SSH.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from trainwatch.tui.line import EMPTY, Line, Run, Tone, cells, cut, line, skip
from trainwatch.tui.text import width as width_of
from trainwatch.tui.theme import palette

T = TypeVar("T")
Draw = Callable[[int, int], Sequence[Line]]
"""Makes lines for a width and a height in cells."""


def changed(before: Line, after: Line) -> tuple[int, int]:
    """From which cell up to which one two lines differ; behind their ends there are blanks."""
    start = _same(before, after)
    size = cells(after)
    if cells(before) != size:
        return start, max(cells(before), size)
    end = _same(
        [_mirrored(run) for run in reversed(before)], [_mirrored(run) for run in reversed(after)]
    )
    return start, max(size - end, start)


def _mirrored(run: Run) -> Run:
    return run._replace(text=run.text[::-1])


def _same(before: Sequence[Run], after: Sequence[Run]) -> int:
    """How many cells are the same at the beginning."""
    same = 0
    for one, two in zip(before, after, strict=False):
        if one != two:
            return same + (_alike(one.text, two.text) if one.tone is two.tone else 0)
        same += width_of(one.text)
    return same


def _alike(one: str, two: str) -> int:
    most = min(len(one), len(two))
    end = next((place for place in range(most) if one[place] != two[place]), most)
    return width_of(one[:end])


def strip(of: Line, styles: Mapping[Tone, Style], width: int) -> Strip:
    """A line in exactly so many cells."""
    short = cut(of, width)
    segments = [Segment(run.text, styles[run.tone]) for run in short]
    return Strip(segments).adjust_cell_length(width, styles[Tone.PLAIN])


class Painted(Widget):
    """Knows its tones' styles."""

    _styles: Mapping[Tone, Style] | None = None

    @property
    def tones(self) -> Mapping[Tone, Style]:
        """Every tone on this widget's own colours."""
        if self._styles is None:
            ansi = self.app.native_ansi_color
            self._styles = palette(ansi=ansi, base=self.visual_style.rich_style)
        return self._styles

    def notify_style_update(self) -> None:
        """Forgets the styles, as another theme may hold now."""
        self._styles = None
        super().notify_style_update()


class Block(Painted):
    """Lines that are drawn for the size there is."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._draw: Draw = _nothing
        self._lines: tuple[Line, ...] = ()
        self._drawn_for: tuple[int, int] | None = None

    def set(self, draw: Draw) -> None:
        """Shows what this draws, now and after a change of size."""
        before = self._lines
        self._draw, self._drawn_for = draw, None
        after = self._for(self.size.width, self.size.height)
        if len(before) != len(after):
            self.refresh(layout=self.styles.is_auto_height)
        else:
            self._refresh_changes(before, after)

    def redraw(self) -> None:
        """Draws anew what has not changed, because the means of drawing have."""
        self._drawn_for = None
        self.refresh()

    def _refresh_changes(self, before: Sequence[Line], after: Sequence[Line]) -> None:
        for y, (old, new) in enumerate(zip(before, after, strict=True)):
            if old != new:
                start, end = changed(old, new)
                self.refresh(Region(start, y, end - start, 1))

    def _for(self, width: int, height: int) -> tuple[Line, ...]:
        size = (width, 0 if self.styles.is_auto_height else height)
        if size != self._drawn_for:
            self._drawn_for = size
            self._lines = tuple(self._draw(*size)) if width else ()
        return self._lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as it has at this width."""
        del container, viewport
        return len(self._for(width, 0))

    def render_line(self, y: int) -> Strip:
        """One line of cells."""
        lines = self._for(self.size.width, self.size.height)
        return strip(lines[y] if y < len(lines) else EMPTY, self.tones, self.size.width)


def _nothing(width: int, height: int) -> Sequence[Line]:
    del width, height
    return ()


class Rows(ScrollView, Painted, Generic[T], can_focus=True):
    """Items of which only the visible ones are ever drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._items: Sequence[T] = ()
        self._draw: Callable[[T, int], Line] = lambda _, __: EMPTY
        self._empty: Line = EMPTY
        self._shown: dict[int, Line] = {}

    def set(self, items: Sequence[T], draw: Callable[[T, int], Line], empty: Line) -> None:
        """Shows these.

        Args:
            items: Anything; read when a row becomes visible, so they must not change.
            draw: Makes a line of one item for a width.
            empty: What is said when there are none.
        """
        self._items, self._draw, self._empty = items, draw, empty
        size = Size(self.span(items), max(len(items), 1))
        if size != self.virtual_size:
            self.virtual_size = size
            if self.styles.is_auto_height:
                self.refresh(layout=True)
        self._refresh_changes()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaints what differs from the rows that stood there, not the whole pane."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
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
        return skip(self._draw(self._items[index], self.room), self.scroll_offset.x)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line each."""
        del container, viewport, width
        return max(len(self._items), 1)

    def render_line(self, y: int) -> Strip:
        """One visible row."""
        drawn = self._line(y)
        self._shown[y] = drawn
        return strip(drawn, self.tones, self.room)


def rule(title: Line, width: int, *, focused: bool) -> Line:
    """A heading on a thin line; a mark tells which pane the keys go to."""
    start = line(("▸ ", Tone.FOCUS)) if focused else line(("─ ", Tone.RULE))
    shown = (*start, *cut(title, max(width - 3, 0)), *line(" "))
    return (*shown, *line(("─" * max(width - cells(shown), 0), Tone.RULE)))
