"""The frame around the pages: verdict and numbers above, keys below, and which page is seen."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from trainwatch.model.snapshot import RunView, Status
from trainwatch.tui.desk import Desk
from trainwatch.tui.draw import saves, verdict
from trainwatch.tui.draw.keys import footer, hints
from trainwatch.tui.draw.line import Line, Tone, line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.screens import registry
from trainwatch.tui.widgets.block import Block

if TYPE_CHECKING:  # the first frame has no page
    from trainwatch.tui.screens.page import Page
    from trainwatch.tui.widgets.logpane import LogPane

_WITH_FIGURES = (registry.OVERVIEW, registry.METRICS)
"""Pages that show the line of figures also where there are few lines."""


class Frame(Vertical):
    """Everything on the screen.

    Attributes:
        number: The page that is seen, from 0.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.number = 0
        self._desk = desk
        self._zone = desk.zone
        self._pages: dict[int, Page] = {}
        self._head, self._vitals, self._keys = (
            Block(id="head"),
            Block(id="vitals"),
            Block(id="keys"),
        )
        self._body = Vertical(id="pages")

    def compose(self) -> ComposeResult:
        """Pages are made when they are first wanted: an empty frame is there at once."""
        yield self._head
        yield self._vitals
        yield self._body
        yield self._keys

    @property
    def page(self) -> "Page | None":
        """The page that is seen, once there is a run to show."""
        return self._pages.get(self.number)

    @property
    def log_pane(self) -> "LogPane | None":
        """The log that is seen."""
        log = self.page.log_pane if self.page is not None else None
        return log if log is not None and log.display else None

    async def go(self, number: int) -> None:
        """Makes another page the one that is seen."""
        if number not in self._pages:
            page = registry.make(number, self._desk)
            await self._body.mount(page)
            self._pages[number] = page
        self.number = number
        for other, page in self._pages.items():
            page.display = other == number
        for widget in self._pages[number].walk_children():
            widget.refresh()  # what it showed when it was left is kept, and may be old
        self.screen.set_focus(None)

    def show(self, view: RunView | None, shape: Shape) -> None:
        """Shows the run; widgets repaint only what differs."""
        if view is None:
            self._head.set(lambda _, __: [_opening()])
        else:
            self._head.set(lambda width, _: self._top(view, width, shape))
            self._vitals.display = not shape.tiny and (shape.tall or self.number in _WITH_FIGURES)
            self._vitals.set(lambda width, _: self._figures(view, width, shape))
            if self.page is None:
                self._pages[self.number] = page = registry.make(self.number, self._desk)
                self._body.mount(page)
                # Once more when it is laid out: a list scrolls to its end only in its real height.
                self.call_after_refresh(self.show, view, shape)
            if self.page is not None:
                self.page.show(view, shape)
            # Not before the first frame: another focus restyles and paints half of the screen.
            self.call_after_refresh(self._keep_focus)
        self._keys.set(lambda width, _: [self._footer(width, view)])

    def _top(self, view: RunView, width: int, shape: Shape) -> list[Line]:
        # Where there are few lines, another page than the overview keeps them for itself.
        brief = shape.tiny or (self.number != registry.OVERVIEW and not shape.tall)
        return [
            *verdict.head(view, width, self._zone, most=1 if shape.tiny else 2),
            *verdict.trouble(
                view,
                width,
                1 if brief else 3,
                self._desk.acknowledged,
                cause=self._desk.diagnosis.cause(view.status),
                can_stop=self._desk.reader.can_stop,
            ),
            *verdict.notices(view, width),
        ]

    def _figures(self, view: RunView, width: int, shape: Shape) -> list[Line]:
        from trainwatch.tui.draw.vitals import vitals  # noqa: PLC0415 - loads numpy

        lines = vitals(view, width, self._zone)
        saved = shape.tall or (self.number == registry.OVERVIEW and saves.matters(view))
        return [*lines, shown] if saved and (shown := saves.saves_line(view, width)) else lines

    def _footer(self, width: int, view: RunView | None) -> Line:
        shown = hints(
            [entry.title for entry in registry.SCREENS],
            self.number,
            own=self.page.hints() if view is not None and self.page is not None else (),
            logs=view is not None and self.log_pane is not None,
            paused=self._desk.book.paused,
            following=self.log_pane is None or self.log_pane.rows.following,
            can_stop=self._desk.reader.can_stop,
            over=view is not None and view.status in (Status.COMPLETED, Status.FAILED),
        )
        return footer(shown, width)

    def _keep_focus(self) -> None:
        """The keys go to the log where it is seen, else to the first pane that takes them."""
        if self.page is None:
            return
        stops = self.page.stops()
        if self.screen.focused in stops or (not stops and self.screen.focused is self.page):
            return
        log = self.page.log_pane.rows if self.page.log_pane is not None else None
        first = log if log in stops else next(iter(stops), self.page)
        self.screen.set_focus(first, scroll_visible=False)

    def next_pane(self, by: int) -> bool:
        """Moves the focus among the panes; False where there is but one."""
        stops = self.page.stops() if self.page is not None else []
        focused = self.screen.focused
        if len(stops) < 2 or focused not in stops:  # noqa: PLR2004
            return False
        self.screen.set_focus(stops[(stops.index(focused) + by) % len(stops)])
        return True


def _opening() -> Line:
    return line((" STARTING ", Tone.PILL_NOTE), "  reading the logs")
