"""The dashboard: takes frozen pictures of a run from a reader and paints them, nothing else."""

import contextlib
import os
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from trainwatch.model.snapshot import RunView
from trainwatch.tui import pace
from trainwatch.tui.crash import written_down
from trainwatch.tui.desk import Desk
from trainwatch.tui.doctor import Doctor
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.verdict import title
from trainwatch.tui.errands import Errands
from trainwatch.tui.frame import Frame
from trainwatch.tui.manners import ending
from trainwatch.tui.messages import Diagnosed, NewView, StopAnswered
from trainwatch.tui.outcome import How, Outcome
from trainwatch.tui.reader import Reader
from trainwatch.tui.screens import registry
from trainwatch.tui.theme import LIGHT_THEME, THEME, fitting

if TYPE_CHECKING:
    from trainwatch.tui.screens.page import Page

_LONG = 10.0
"""Seconds for which an answer stays on the screen."""


def watch(reader: Reader, *, zone: tzinfo | None = None) -> Outcome:
    """Shows a run until the user leaves; the mouse stays with the terminal.

    Args:
        reader: Delivers the snapshots; it is started and stopped here.
        zone: Of the times shown; None for the local one.
    """
    app = Dashboard(reader, zone=zone)
    return app.run(mouse=False) or Outcome(How.CRASHED, crash=app.crash or written_down(None))


class Dashboard(App[Outcome]):
    """Owns the reader, the pace of painting and the keys."""

    CSS_PATH = Path(__file__).with_name("dashboard.tcss")
    TITLE = "trainwatch"
    AUTO_FOCUS = None
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(n), f"page({n - 1})", show=False)
            for n in range(1, len(registry.SCREENS) + 1)
        ),
        Binding("q", "quit", "Detach", show=False),
        Binding("K", "stop", "Stop the training", show=False),
        Binding("D", "diagnose", "Diagnose", show=False),
        Binding("R", "restart", "Restart the training", show=False),
        Binding("M", "mouse", "Mouse on or off", show=False),
        Binding("question_mark", "help", "Help", show=False),
        Binding("f", "follow", "Follow the log", show=False),
        Binding("space", "pause", "Hold the log", show=False),
        Binding("ctrl+z", "suspend_process", show=False),
    ]

    def __init__(
        self,
        reader: Reader,
        *,
        zone: tzinfo | None = None,
        theme: str | None = None,
        steady: float = pace.STEADY,
    ) -> None:
        """Does not start reading yet.

        Args:
            reader: Delivers the snapshots.
            zone: Of the times shown; None for the local one.
            theme: Its name; None for the one that fits the terminal.
            steady: Seconds between repaints of a steady flow.
        """
        # Textual chooses its NO_COLOR filter here, by a theme that is not set yet; the other filter
        # would turn the terminal's default colours into black on black.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.register_theme(THEME)
        self.register_theme(LIGHT_THEME)
        self.animation_level = "none"
        self.theme = theme or fitting(
            self.console.color_system,
            no_color=self.no_color,
            ground=os.environ.get("COLORFGBG", ""),
        )
        self.reader = reader
        self.view: RunView | None = None
        self._steady = steady
        self._painted: RunView | None = None
        self._painted_at = -steady
        self._shape = Shape.of(80, 24)
        self._quiet = pace.Quiet()
        self._repaint: Timer | None = None
        self._mouse = False
        self.crash = ""
        self.desk = Desk(reader, zone)
        self._doctor = Doctor(self.desk, self.post_message)
        self._errands = Errands(self, reader, self._say)
        self._frame = Frame(self.desk)

    # --- life -----------------------------------------------------------------------------------

    async def run_async(self, **options: Any) -> Outcome | None:  # noqa: ANN401
        """Runs with the signals handled; the options are those of `App.run_async`."""
        with ending(self._leave_for):
            return await super().run_async(**options)

    def compose(self) -> ComposeResult:
        """One frame; pages are made when they are first wanted."""
        yield self._frame

    def on_mount(self) -> None:
        """Begins to read while the first frame is made."""
        self.app_resume_signal.subscribe(self, self._repaint_all)
        # After the first frame: what a reader imports would hold it up.
        self.call_after_refresh(self.reader.start, self._post)

    def on_unmount(self) -> None:
        """Ends reading; nothing else depends on this dashboard."""
        self.reader.stop()

    def _post(self, view: RunView) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: nobody looks any more
            self.post_message(NewView(view))

    def _fatal_error(self) -> None:
        """Instead of Textual's page of code and values."""
        self.crash = self.crash or written_down(self._exception)
        self._close_messages_no_wait()

    def _outcome(self, how: How, number: int | None = None) -> Outcome:
        return Outcome(how, number, self._errands.stop_requested, self._errands.answer)

    def _leave_for(self, number: int) -> None:
        self.exit(self._outcome(How.SIGNALLED, number))

    # --- painting -------------------------------------------------------------------------------

    def on_new_view(self, message: NewView) -> None:
        """Paints now or soon."""
        self.view = message.view
        self.desk.view = message.view
        self.desk.book.take(message.view)
        self._doctor.look(message.view)
        now = monotonic()
        news = self._quiet.broken(message.view, now)
        is_urgent = news or pace.urgent(self._painted, message.view)
        delay = pace.wait(now - self._painted_at, is_urgent=is_urgent, steady=self._steady)
        if self._repaint is not None:
            self._repaint.stop()
        self._repaint = self.set_timer(delay, self._paint) if delay else None
        if not delay:
            self._paint()

    def on_resize(self, event: Resize) -> None:
        """What is shown depends on the room there is."""
        self._shape = Shape.of(*event.size)
        self._paint()

    def _repaint_all(self, app: object) -> None:
        """After fg: the shell has written over the screen, of which only changes would be sent."""
        del app
        self.screen.refresh(layout=True)
        for widget in self.screen.walk_children():
            widget.refresh()

    def _paint(self) -> None:
        if self.view is not None:
            self._painted, self._painted_at = self.view, monotonic()
        if self._frame.is_mounted:
            self._frame.show(self.view, self._shape)

    # --- keys -----------------------------------------------------------------------------------

    async def action_page(self, number: int) -> None:
        """Shows another page."""
        if not self._asking:
            await self._frame.go(number)
            if number == registry.ALERTS:
                self._doctor.offer(self.view)
            self._want()
            self._paint()

    async def on_alert_page_jump(self, message: Message) -> None:
        """From a finding to the line that proves it."""
        evidence = getattr(message, "evidence", None)
        await self.action_page(registry.LOGS)
        prove = getattr(self._frame.page, "prove", None)
        if evidence is not None and prove is not None:
            prove(evidence)

    def _want(self) -> None:
        if self._frame.page is not None:
            self.reader.want(self._frame.page.wish)

    def on_page_changed(self, message: "Page.Changed") -> None:
        """A key changed what is shown, and perhaps what has to be read for it."""
        del message
        self._want()
        self._paint()

    @property
    def _asking(self) -> bool:
        """Whether a dialog stands in front, to which the keys belong."""
        return self.screen is not self._frame.screen

    def action_focus_next(self) -> None:
        """The next pane; the next page where there is but one."""
        self._move(1)

    def action_focus_previous(self) -> None:
        """The other way round."""
        self._move(-1)

    def _move(self, by: int) -> None:
        if self._asking:
            self.screen.focus_next() if by > 0 else self.screen.focus_previous()
        elif not self._frame.next_pane(by):
            self.call_later(self.action_page, (self._frame.number + by) % len(registry.SCREENS))

    async def action_quit(self) -> None:
        """Detaches: the dashboard goes, the training stays."""
        self.exit(self._outcome(How.DETACHED))

    def action_help_quit(self) -> None:
        """ctrl+c: habit must neither stop the training nor be left without an answer."""
        stop = " · K stops the training" if self.reader.can_stop else ""
        self._say(f"q detaches, and the training goes on{stop}")

    def action_help(self) -> None:
        """Keys and letters."""
        if not self._asking:
            from trainwatch.tui.dialogs import Help  # noqa: PLC0415 - not for the first frame

            self.push_screen(Help())

    def action_mouse(self) -> None:
        """Gives the mouse to the dashboard, or back to the terminal for selecting text."""
        driver = self._driver
        if driver is None:
            return
        self._mouse = not self._mouse
        switch = "_enable_mouse_support" if self._mouse else "_disable_mouse_support"
        setattr(driver, "_mouse", True)  # noqa: B010 - Textual has no public switch
        getattr(driver, switch, lambda: None)()
        self._say("The mouse scrolls." if self._mouse else "The mouse selects text again.")

    def action_follow(self) -> None:
        """To the newest line, and on with it."""
        if self._frame.log_pane is not None and not self._asking:
            self.desk.book.pause(False)
            self._frame.log_pane.rows.to_end()
            self._paint()

    def action_pause(self) -> None:
        """Holds the log; the verdict, the numbers and the alerts stay live."""
        if self._frame.log_pane is not None and not self._asking:
            self.desk.book.pause(not self.desk.book.paused)
            self._paint()

    def action_stop(self) -> None:
        """Asks before the training is stopped."""
        if not self._asking:
            self._errands.stop(self._run_name)

    def action_restart(self) -> None:
        """Asks before the training is ended and started again."""
        if not self._asking:
            self._errands.restart(self._run_name)

    @property
    def _run_name(self) -> str:
        return title(self.view) if self.view is not None else ""

    def on_stop_answered(self, message: StopAnswered) -> None:
        """Tells what came of it."""
        self._errands.take(message)

    # --- diagnosis ------------------------------------------------------------------------------

    def action_diagnose(self) -> None:
        """Shows what is wrong, as of now."""
        if not self._asking:
            self.call_later(self.action_page, registry.ALERTS)
            self._doctor.begin()

    def on_diagnosed(self, message: Diagnosed) -> None:
        """Shows it where it is looked at."""
        self._doctor.take(message, self.view.now if self.view is not None else 0.0)
        self._paint()

    def _say(self, sentence: str) -> None:
        self.clear_notifications()
        self.notify(sentence, markup=False, timeout=_LONG)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """What ctrl+p offers."""
        del screen
        for number, page in enumerate(registry.SCREENS):
            yield SystemCommand(
                page.title, f"Page {number + 1}", lambda n=number: self.action_page(n)
            )
        yield SystemCommand("diagnose", "What is wrong, who, where, why", self.action_diagnose)
        yield SystemCommand("stop", "End the training; asks first", self.action_stop)
        yield SystemCommand(
            "restart", "End and start the training; asks first", self.action_restart
        )
        yield SystemCommand("mouse", "The mouse scrolls, or selects text again", self.action_mouse)
        yield SystemCommand("theme", "Change the colours", self.action_change_theme)
        yield SystemCommand("help", "Keys and letters", self.action_help)
        yield SystemCommand("detach", "Close the dashboard; the training goes on", self.action_quit)
