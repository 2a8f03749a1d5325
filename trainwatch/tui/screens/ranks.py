"""3: where every rank is, the ones in trouble first, and when it was in which phase."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from trainwatch.model.snapshot import RankView, RunView, Wish
from trainwatch.tui.desk import Desk
from trainwatch.tui.draw import ranks, timeline
from trainwatch.tui.draw.keys import Hint
from trainwatch.tui.draw.line import Line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.table import fitting, row, titles
from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows


class RankTable(Pane):
    """All ranks, sorted by trouble; above them one letter each."""

    def __init__(self, desk: Desk) -> None:
        self.rows = Rows[RankView]()
        super().__init__(self.rows, id="ranks-table")
        self._desk = desk

    def show(self, view: RunView, shape: Shape) -> None:
        """Strip and table."""
        roles = self._desk.roles
        columns = ranks.columns(view, roles)
        most = 20 if shape.tall else 6
        few = len(view.ranks) <= ranks.FEW
        self.entitle(
            ranks.heading(view, roles),
            lambda width: [
                *(ranks.strip(view, width, most, roles) if not few else ()),
                titles(columns, width),
            ],
        )
        self.rows.set(
            ranks.by_trouble(view, roles),
            lambda one, width: row(fitting(columns, width), one, width),
            ranks.empty(view),
        )


class TimelinePane(Pane):
    """The phases of all ranks, in the order of the table."""

    def __init__(self, desk: Desk) -> None:
        self.rows = Rows[RankView]()
        super().__init__(self.rows, id="timeline")
        self._desk = desk

    def show(self, view: RunView, shape: Shape) -> None:
        """One row of letters each."""
        del shape
        span = timeline.window(view)
        self.entitle(
            timeline.heading(view), lambda width: timeline.axis(view, width - 1, self._desk.zone)
        )

        def draw(one: RankView, width: int) -> Line:
            return timeline.row(one, span, width) if span is not None else ()

        shown = ranks.by_trouble(view, self._desk.roles) if span is not None else ()
        self.rows.set(shown, draw, ())


class RankPage(Page):
    """The table, and where there is room the phases below it."""

    title: ClassVar[str] = "ranks"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("v", "swap", "Table or phases", show=False)]

    def make(self) -> tuple[Pane, ...]:
        """Two panes."""
        self._phases = False
        self._both = True
        return RankTable(self.desk), TimelinePane(self.desk)

    def show(self, view: RunView, shape: Shape) -> None:
        """Both where there is room; else the one that was chosen."""
        self._both = shape.wide and shape.tall
        table, phases = self.panes
        table.display = self._both or not self._phases
        phases.display = self._both or self._phases
        super().show(view, shape)

    @property
    def wish(self) -> Wish:
        """The phases over time."""
        return Wish(timelines=True)

    def hints(self) -> list[Hint]:
        """What `v` shows."""
        if self._both:
            return []
        return [Hint("v", "table" if self._phases else "phases", 2)]

    def action_swap(self) -> None:
        """The other pane."""
        self._phases = not self._phases
        self.post_message(self.Changed())
