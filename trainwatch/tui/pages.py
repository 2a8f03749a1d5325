"""Pages: what the keys 1 to 4 show. A further page is one class and one entry of PAGES."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from trainwatch.model.snapshot import RunView
from trainwatch.tui.logbook import LogBook
from trainwatch.tui.pane import Pane
from trainwatch.tui.panes import AlertPage, AlertPane, EpochPane, LogPane, RankPane
from trainwatch.tui.plotpane import PlotPane
from trainwatch.tui.shape import Shape

_LEAST_PLOT = 9


class Page(Vertical):
    """Panes that are seen together.

    Attributes:
        title: In the footer.
        panes: In order of the tab key.
        log_pane: The pane that `f` and space act on.
    """

    title: ClassVar[str] = ""

    def __init__(self, book: LogBook) -> None:
        """Makes the panes.

        Args:
            book: The log lines that all pages share.
        """
        super().__init__()
        self.panes, self.log_pane = self.make(book)

    def make(self, book: LogBook) -> tuple[tuple[Pane, ...], LogPane | None]:
        """The panes, and the one among them that shows the log."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """One above the other."""
        yield from self.panes

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows the run in every pane."""
        for pane in self.panes:
            pane.show(view, shape)

    def stops(self) -> list[Widget]:
        """Where the tab key stops: bodies that can be scrolled and are seen."""
        bodies = [pane.body for pane in self.panes if pane.display]
        return [body for body in bodies if body.can_focus and body.display]


class Overview(Page):
    """Everything at a glance; the epochs beside the plot."""

    title = "overview"

    def make(self, book: LogBook) -> tuple[tuple[Pane, ...], LogPane | None]:
        """The plot and the epochs are the first two."""
        log = LogPane(book, whole_page=False)
        return (PlotPane(), EpochPane(), RankPane(whole_page=False), AlertPane(), log), log

    def compose(self) -> ComposeResult:
        """The plot and the epochs share the upper part."""
        self._top = Horizontal(*self.panes[:2], id="top")
        yield self._top
        yield from self.panes[2:]

    def show(self, view: RunView, shape: Shape) -> None:
        """The plot keeps a height at which it is one."""
        self._top.styles.min_height = _LEAST_PLOT if shape.tall else 3
        super().show(view, shape)


class RankPage(Page):
    """All ranks."""

    title = "ranks"

    def make(self, book: LogBook) -> tuple[tuple[Pane, ...], LogPane | None]:
        """One pane."""
        del book
        return (RankPane(whole_page=True),), None


class LogPage(Page):
    """The log."""

    title = "logs"

    def make(self, book: LogBook) -> tuple[tuple[Pane, ...], LogPane | None]:
        """One pane."""
        log = LogPane(book, whole_page=True)
        return (log,), log


class AlertsPage(Page):
    """All findings with their proofs."""

    title = "alerts"

    def make(self, book: LogBook) -> tuple[tuple[Pane, ...], LogPane | None]:
        """One pane."""
        del book
        return (AlertPage(),), None


PAGES: tuple[type[Page], ...] = (Overview, RankPage, LogPage, AlertsPage)
