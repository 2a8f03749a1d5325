"""A block of lines; it repaints only the cells that changed.

Most of a training's screen stays the same from second to second, and the bytes of a repaint go
through somebody's SSH.
"""

from collections.abc import Callable, Sequence

from textual.geometry import Region, Size
from textual.strip import Strip

from trainwatch.tui.draw.line import EMPTY, Line
from trainwatch.tui.widgets.paint import Painted, changed, strip

Draw = Callable[[int, int], Sequence[Line]]
"""Makes lines for a width and a height in cells."""


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
