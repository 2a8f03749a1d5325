"""What every pane is: a heading, perhaps some lines, and a body."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw.line import EMPTY, Line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.widgets.block import Block
from trainwatch.tui.widgets.paint import rule

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
