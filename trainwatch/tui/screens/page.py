"""What every screen is: panes that are seen together, keys of its own, and what it wishes to see."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget

from trainwatch.model.snapshot import NO_WISH, RunView, Wish
from trainwatch.tui.desk import Desk
from trainwatch.tui.draw.keys import Hint
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.widgets.logpane import LogPane
from trainwatch.tui.widgets.pane import Pane


class Page(Vertical, can_focus=True):
    """Panes that are seen together.

    Attributes:
        title: In the footer.
        panes: In order of the tab key.
        log_pane: The pane that `f` and space act on.
    """

    title: ClassVar[str] = ""
    log_pane: LogPane | None = None

    class Changed(Message):
        """What is shown depends on something that was just changed by a key."""

    def __init__(self, desk: Desk) -> None:
        """Makes the panes."""
        super().__init__()
        self.desk = desk
        self.panes: tuple[Pane, ...] = self.make()

    def make(self) -> tuple[Pane, ...]:
        """The panes."""
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

    @property
    def wish(self) -> Wish:
        """What the snapshots should hold while it is seen."""
        return NO_WISH

    def hints(self) -> list[Hint]:
        """Its own keys that do something now."""
        return []
