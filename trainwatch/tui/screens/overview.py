"""1: is it fine, how far, when done; and the worst trouble."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.alertpane import AlertPane
from trainwatch.tui.widgets.epochpane import EpochPane
from trainwatch.tui.widgets.gpustrip import GpuStrip
from trainwatch.tui.widgets.logpane import LogPane
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.plotpane import PlotPane
from trainwatch.tui.widgets.rankpane import RankPane

_LEAST_PLOT = 9


class Overview(Page):
    """Everything at a glance; the epochs beside the plot."""

    title: ClassVar[str] = "overview"

    def make(self) -> tuple[Pane, ...]:
        """The plot and the epochs, which share the upper part, are the first two."""
        plot, epochs = PlotPane(), EpochPane()
        self._top = Horizontal(plot, epochs, id="top")
        self.log_pane = LogPane(self.desk.book)
        return plot, epochs, RankPane(self.desk), GpuStrip(), AlertPane(), self.log_pane

    def compose(self) -> ComposeResult:
        """The upper part, and the rest below it."""
        yield self._top
        yield from self.panes[2:]

    def show(self, view: RunView, shape: Shape) -> None:
        """The plot keeps a height at which it is one."""
        self._top.styles.min_height = _LEAST_PLOT if shape.tall else 3
        super().show(view, shape)
