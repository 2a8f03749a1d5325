"""4: what the machines do."""

from typing import ClassVar

from trainwatch.model.snapshot import RunView
from trainwatch.model.system import GpuView
from trainwatch.tui.draw import gpus, hosts
from trainwatch.tui.draw.line import Line, Tone, line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.table import fitting, header, row
from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows


class GpuPane(Pane):
    """Every GPU."""

    def __init__(self) -> None:
        self.rows = Rows[GpuView | Line]()
        super().__init__(self.rows, id="gpu-table")

    def show(self, view: RunView, shape: Shape) -> None:
        """The table, or why there is none."""
        del shape
        system = view.system
        found = list(gpus.by_trouble(system)) if system is not None else []
        self._view = view
        self.entitle(
            gpus.heading(view, view.now), lambda width: self._heads(width) if found else []
        )
        if not found:
            self.rows.set(gpus.empty(view), lambda one, _: _as_line(one), line(""))
            return
        self.rows.set(found, self._row, line(""))

    def _heads(self, width: int) -> list[Line]:
        shown = gpus.columns(self._view, width - 1)
        return [header(fitting(shown, width - 1), width - 1)]

    def _row(self, one: GpuView | Line, width: int) -> Line:
        if not isinstance(one, GpuView):
            return one
        return row(fitting(gpus.columns(self._view, width), width), one, width)


def _as_line(one: GpuView | Line) -> Line:
    return () if isinstance(one, GpuView) else one


class HostPane(Pane):
    """Every host."""

    def __init__(self) -> None:
        self.rows = Rows[Line]()
        super().__init__(self.rows, id="hosts")

    def show(self, view: RunView, shape: Shape) -> None:
        """Two lines each."""
        del shape
        lines = hosts.host_lines(view, self.size.width or self.app.size.width)
        self.display = bool(lines)
        self.entitle(line(("hosts", Tone.HEAD)))
        self.rows.set(lines, lambda one, _: one, line(""))


class GpuPage(Page):
    """GPUs above, hosts below."""

    title: ClassVar[str] = "gpus"

    def make(self) -> tuple[Pane, ...]:
        """Two panes."""
        return GpuPane(), HostPane()
