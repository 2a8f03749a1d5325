"""The newest and gravest findings, one line each."""

from trainwatch.events import Finding
from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import alerts
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows


class AlertPane(Pane):
    """The newest and gravest findings, one line each."""

    def __init__(self) -> None:
        self.rows = Rows[Finding]()
        super().__init__(self.rows, id="alerts")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows them; the head of the screen already tells the worst one."""
        self.display = shape.tall
        self.entitle(alerts.heading(view))
        self.rows.set(alerts.shown(view), alerts.row, alerts.empty(view))
