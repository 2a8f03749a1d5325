"""The table of epochs."""

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import epochs
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.table import fitting, row, titles
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows

_ATTEMPT = 5


class EpochPane(Pane):
    """The epochs, newest first."""

    def __init__(self) -> None:
        self.rows = Rows[epochs.Row]()
        super().__init__(self.rows, id="epochs")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the table where there is room beside the plot."""
        self.display = bool(shape.epoch_cells)
        self.styles.width = shape.epoch_cells + _ATTEMPT * epochs.restarted(view)
        columns = epochs.columns(view)
        self.entitle(epochs.heading(view), lambda width: [titles(columns, width)])
        self.rows.set(
            epochs.rows(view),
            lambda item, width: row(fitting(columns, width), item, width),
            epochs.empty(view),
        )
