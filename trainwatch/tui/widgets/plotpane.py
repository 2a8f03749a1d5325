"""The pane of a plot: loads plotext when it is wanted, and draws only what changed."""

import contextlib
from threading import Thread

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import plot
from trainwatch.tui.draw.curve import Decimated, canvas
from trainwatch.tui.draw.line import Line, Tone, line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.widgets.block import Block
from trainwatch.tui.widgets.pane import Pane

_KEPT = 16
"""Canvases that are remembered."""


class PlotPane(Pane):
    """The loss; drawn only when it changed, and framed before plotext is there.

    Attributes:
        wanted: Whether there was a curve to draw yet.
        ready: Whether plotext is there.
    """

    def __init__(self, id: str = "plot") -> None:  # noqa: A002
        self.block = Block(id="canvas")
        super().__init__(self.block, id=id)
        self._dots: dict[tuple[object, ...], list[str]] = {}
        self.ready = self.wanted = False
        self._failure = ""

    def heading(self, view: RunView) -> Line:
        """What is drawn."""
        return plot.heading(view)

    def lines(self, view: RunView, width: int, height: int) -> list[Line]:
        """The plot."""
        curve = plot.main_curve(view)
        if curve is None:
            return [plot.empty(view)]
        return plot.draw(curve, width, height, self.canvas)

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the first curve."""
        del shape
        self.entitle(self.heading(view))
        self.block.set(lambda width, height: self._drawn(view, width, height))
        if view.curves and not self.wanted:
            # After the first frame: an import in another thread slows this one down.
            self.wanted = True
            self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        Thread(target=self._load, name="trainwatch-plotext", daemon=True).start()

    def _load(self) -> None:
        try:
            import plotext  # noqa: F401, PLC0415
        except (ImportError, OSError) as error:  # its kernel is a compiled library
            self._failure = f"the curve cannot be drawn, plotext does not load: {error}"
        with contextlib.suppress(RuntimeError):  # the dashboard is gone already
            self.app.call_later(self._loaded)

    def _loaded(self) -> None:
        self.ready = True
        self.block.redraw()

    def _drawn(self, view: RunView, width: int, height: int) -> list[Line]:
        if self._failure:
            return [line(" ", (self._failure, Tone.WARN))]
        return self.lines(view, width, height)

    def canvas(self, of: Decimated, height: int) -> list[str]:
        """The dots; drawn anew only when one moved, which a new record seldom does."""
        if not self.ready:
            return [" " * (of.columns // 2)] * height
        key = (height, *of.picture)
        if key not in self._dots:
            while len(self._dots) >= _KEPT:
                del self._dots[next(iter(self._dots))]
            self._dots[key] = canvas(of, height)  # ten milliseconds
        return self._dots[key]
