"""The pane of the plot: loads plotext when it is wanted, and draws only what changed."""

import contextlib
from threading import Thread

from trainwatch.model.snapshot import RunView
from trainwatch.tui import plot
from trainwatch.tui.curve import Decimated, canvas
from trainwatch.tui.line import Line, Tone, line
from trainwatch.tui.pane import Pane
from trainwatch.tui.shape import Shape
from trainwatch.tui.widgets import Block


class PlotPane(Pane):
    """The loss; drawn only when it changed, and framed before plotext is there.

    Attributes:
        wanted: Whether there was a curve to draw yet.
        ready: Whether plotext is there.
    """

    def __init__(self) -> None:
        self.block = Block(id="canvas")
        super().__init__(self.block, id="plot")
        self._dots: dict[tuple[object, ...], list[str]] = {}
        self.ready = self.wanted = False
        self._failure = ""

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

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the first curve."""
        del shape
        self.entitle(plot.heading(view))
        self.block.set(lambda width, height: self._lines(view, width, height))
        if view.curves and not self.wanted:
            # After the first frame: an import in another thread slows this one down.
            self.wanted = True
            self.call_after_refresh(self._begin)

    def _lines(self, view: RunView, width: int, height: int) -> list[Line]:
        curve = plot.main_curve(view)
        if curve is None:
            return [plot.empty(view)]
        if self._failure:
            return [line(" ", (self._failure, Tone.WARN))]
        return plot.draw(curve, width, height, self._canvas)

    def _canvas(self, of: Decimated, height: int) -> list[str]:
        if not self.ready:
            return [" " * of.columns] * height
        key = (height, *of.picture)
        if key not in self._dots:
            # Ten milliseconds; a new record seldom moves a dot.
            self._dots = {key: canvas(of, height)}
        return self._dots[key]
