"""The GPUs of the overview, in one or two lines; absent where nothing sampled them."""

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import gpus, gpustrip
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.widgets.block import Block
from trainwatch.tui.widgets.pane import Pane


class GpuStrip(Pane):
    """Use, memory and temperature of each."""

    def __init__(self) -> None:
        super().__init__(Block(), id="gpus")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows them where there is anything to show."""
        system = view.system
        self.display = not shape.tiny and system is not None and bool(system.gpus)
        if system is not None and self.display:
            most = 2 if shape.tall else 1
            self.entitle(
                gpus.heading(view, view.now), lambda width: gpustrip.strip(system, width, most)
            )
