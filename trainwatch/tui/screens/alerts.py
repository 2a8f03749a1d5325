"""6: everything that was found, with its proof; and the diagnosis of a run in trouble."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget

from trainwatch.events import Evidence
from trainwatch.model.snapshot import AlertView, RunView
from trainwatch.tui.desk import Desk
from trainwatch.tui.draw import alerts, diagnosis
from trainwatch.tui.draw.keys import Hint
from trainwatch.tui.draw.line import EMPTY, Line, Tone, line, wrap
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.block import Block
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows

_MOST_GROUNDS = 8
_SHARE = 45
"""Per cent of the screen's lines that a diagnosis takes at most; it can be scrolled."""

_HOW = (
    "A run that stalls or fails is diagnosed by itself. D does it now: it reads all logs, looks at "
    "the processes where they live here, and says what is wrong, who, where, why and what next."
)


class AlertList(Pane):
    """Every finding, one line each; the chosen one with its grounds below."""

    def __init__(self, desk: Desk) -> None:
        self.rows = Rows[AlertView]()
        super().__init__(self.rows, id="alert-list")
        self._desk = desk
        self._items: tuple[AlertView, ...] = ()
        self.at = 0

    @property
    def chosen(self) -> AlertView | None:
        """The one that the keys act on."""
        return self._items[self.at] if self.at < len(self._items) else None

    def show(self, view: RunView, shape: Shape) -> None:
        """What holds first, then what is over or acknowledged."""
        del shape
        before = self.chosen
        done = self._desk.acknowledged
        self._items = tuple(alerts.ordered(view, done))
        if before is not None:
            keys = [one.key for one in self._items]
            self.at = keys.index(before.key) if before.key in keys else 0
        self.entitle(alerts.heading(view))
        zone = self._desk.zone

        def draw(one: AlertView, width: int) -> Line:
            here = one is self.chosen
            return alerts.row_of(one, width, zone, chosen=here, acknowledged=one.key in done)

        self.rows.set(self._items, draw, alerts.empty(view))

    def move(self, by: int) -> None:
        """Chooses another one, and keeps it in sight."""
        self.at = min(max(self.at + by, 0), max(len(self._items) - 1, 0))
        top, room = self.rows.scroll_offset.y, max(self.rows.size.height, 1)
        if not top <= self.at < top + room:
            self.rows.scroll_to(y=max(self.at - room // 2, 0), animate=False)


class GroundsPane(Pane):
    """Proof and refutation of the chosen finding."""

    def __init__(self, chosen: AlertList) -> None:
        super().__init__(Block(id="grounds-text"), id="grounds")
        self._chosen = chosen

    def show(self, view: RunView, shape: Shape) -> None:
        """What it rests on."""
        del shape
        one = self._chosen.chosen
        self.display = one is not None
        self.entitle(
            line(("proof", Tone.HEAD), (" · enter shows the first line in the log", Tone.DIM)),
            lambda width: alerts.grounds(one, width)[:_MOST_GROUNDS] if one is not None else [],
        )
        del view


class DiagnosisPane(Pane):
    """What the diagnosis says, once there is one."""

    def __init__(self, desk: Desk) -> None:
        self.rows = Rows[Line]()
        super().__init__(self.rows, id="diagnosis")
        self._desk = desk

    def show(self, view: RunView, shape: Shape) -> None:
        """The verdict, or how to have one."""
        del shape
        state = self._desk.diagnosis
        self.entitle(line(("diagnosis", Tone.HEAD), (f" · {state.told(view.now)}", Tone.DIM)))
        width = (self.size.width or self.app.size.width) - 1
        lines = [*wrap(line(" ", (_HOW, Tone.DIM)), width, 3, 1), EMPTY]
        if state.found is not None:
            lines = diagnosis.full(state.found, width)
        elif state.failure:
            lines = [line(" ", (state.failure, Tone.WARN))]
        elif state.running:
            lines = []
        problems = alerts.problem_lines(view, width)
        self.rows.styles.max_height = max(self.app.size.height * _SHARE // 100, 3)
        self.rows.set([*lines, *problems], lambda one, _: one, ())


class AlertPage(Page):
    """The diagnosis, which says why; below it the findings, and the grounds of the chosen one."""

    title: ClassVar[str] = "alerts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Alert before", show=False),
        Binding("down,j", "move(1)", "Next alert", show=False),
        Binding("pagedown,space", "read(1)", "Diagnosis down", show=False),
        Binding("pageup", "read(-1)", "Diagnosis up", show=False),
        Binding("enter", "evidence", "Show the proof in the log", show=False),
        Binding("a", "acknowledge", "Acknowledge", show=False),
    ]

    class Jump(Message):
        """Somebody wants to see where it is written."""

        def __init__(self, evidence: Evidence) -> None:
            super().__init__()
            self.evidence = evidence

    def make(self) -> tuple[Pane, ...]:
        """Three panes."""
        self._list = AlertList(self.desk)
        self._diagnosis = DiagnosisPane(self.desk)
        return self._diagnosis, self._list, GroundsPane(self._list)

    def stops(self) -> list[Widget]:
        """The keys are the page's own."""
        return []

    def hints(self) -> list[Hint]:
        """What can be done with the chosen one."""
        one = self._list.chosen
        if one is None:
            return []
        known = one.key in self.desk.acknowledged
        proof = [Hint("enter", "in the log", 2)] if one.finding.evidence else []
        return [Hint("↑↓", "choose", 0), *proof, Hint("a", "unread" if known else "ack", 2)]

    def action_move(self, by: int) -> None:
        """Chooses another one."""
        self._list.move(by)
        self.post_message(self.Changed())

    def action_read(self, way: int) -> None:
        """Scrolls the diagnosis."""
        rows = self._diagnosis.rows
        rows.scroll_to(y=rows.scroll_offset.y + way * max(rows.size.height - 1, 1), animate=False)

    def action_evidence(self) -> None:
        """To the line that proves it."""
        one = self._list.chosen
        if one is not None and one.finding.evidence:
            self.post_message(self.Jump(one.finding.evidence[0]))

    def action_acknowledge(self) -> None:
        """Puts it aside, or takes that back."""
        one = self._list.chosen
        if one is not None:
            self.desk.acknowledged ^= {one.key}
            self.post_message(self.Changed())
