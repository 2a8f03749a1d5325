"""5: the log."""

from typing import ClassVar

from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.logpane import LogPane
from trainwatch.tui.widgets.pane import Pane


class LogPage(Page):
    """The newest lines of all files."""

    title: ClassVar[str] = "logs"

    def make(self) -> tuple[Pane, ...]:
        """One pane."""
        self.log_pane = LogPane(self.desk.book, alone=True)
        return (self.log_pane,)
