"""5: the logs themselves, whole: all in the order of their times, or one."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message

from trainwatch.events import Evidence
from trainwatch.model.logs import Act, Level, LogFilter, LogRequest, LogScreen
from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import loglines
from trainwatch.tui.draw.keys import Hint
from trainwatch.tui.draw.line import Line, Tone, line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.ask import Ask
from trainwatch.tui.widgets.block import Block
from trainwatch.tui.widgets.pane import Pane

_SIDEWAYS = 20


class LogScreenPosted(Message):
    """The lines that were asked for."""

    def __init__(self, screen: LogScreen) -> None:
        super().__init__()
        self.shown = screen


class LinesPane(Pane):
    """The lines of one screen."""

    def __init__(self) -> None:
        self.block = Block(id="log-lines")
        super().__init__(self.block, id="log-screen")
        self.shown = LogScreen()
        self.shift = 0
        self.times = True
        self.paused = False

    @property
    def room(self) -> int:
        """Lines that can be seen; a few in case nothing is laid out yet."""
        return self.block.size.height or 10

    def show(self, view: RunView, shape: Shape) -> None:
        """The screen that came last."""
        del view, shape
        screen = self.shown
        pause = line((" PAUSED · space goes on", Tone.WARN)) if self.paused else ()
        self.entitle(
            line(loglines.heading(screen, self.size.width or self.app.size.width), pause),
            lambda width: loglines.above(screen, width),
        )
        self.block.set(lambda _, __: self._lines())

    def _lines(self) -> list[Line]:
        if not self.shown.lines:
            return [line((" no line to show", Tone.DIM))]
        return loglines.rows(self.shown, shift=self.shift, times=self.times)


class LogPage(Page):
    """Asks whoever reads for one screen after another."""

    title: ClassVar[str] = "logs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Line before", show=False),
        Binding("down,j", "scroll(1)", "Next line", show=False),
        Binding("pageup", "page(-1)", "Screen before", show=False),
        Binding("pagedown", "page(1)", "Next screen", show=False),
        Binding("home", "act('start')", "Beginning", show=False),
        Binding("end,f", "act('end')", "Follow the end", show=False),
        Binding("left", "aside(-1)", "To the left", show=False),
        Binding("right", "aside(1)", "To the right", show=False),
        Binding("space", "pause", "Hold still", show=False),
        Binding("slash", "ask('find')", "Search", show=False),
        Binding("n", "look('again', 1)", "Next match", show=False),
        Binding("N", "look('again', -1)", "Match before", show=False),
        Binding("e", "look('error', 1)", "Next error", show=False),
        Binding("E", "look('error', -1)", "Error before", show=False),
        Binding("w", "look('warning', 1)", "Next warning", show=False),
        Binding("W", "look('warning', -1)", "Warning before", show=False),
        Binding("i", "ask('include')", "Only lines with", show=False),
        Binding("x", "ask('exclude')", "Lines without", show=False),
        Binding("l", "level", "Level", show=False),
        Binding("r", "ask('ranks')", "Ranks", show=False),
        Binding("F", "ask('file')", "One file or all", show=False),
        Binding("g", "ask('go')", "Go to a time, line, share", show=False),
        Binding("S", "slowest", "Slowest step", show=False),
        Binding("t", "times", "Times on or off", show=False),
        Binding("c", "copy", "Copy the line", show=False),
        Binding("o", "editor", "Open in the editor", show=False),
    ]

    def make(self) -> tuple[Pane, ...]:
        """One pane."""
        self._pane = LinesPane()
        self._seen: object = None
        return (self._pane,)

    def on_mount(self) -> None:
        """Begins to read."""
        self._port = self.desk.reader.open_logs(self._take)
        self.call_after_refresh(self._ask, Act.REFRESH)

    def on_unmount(self) -> None:
        """Ends reading."""
        self._port.close()

    def _take(self, screen: LogScreen) -> None:
        with contextlib.suppress(RuntimeError):  # the dashboard is gone already
            self.post_message(LogScreenPosted(screen))

    def on_log_screen_posted(self, message: LogScreenPosted) -> None:
        """Shows it."""
        self._pane.shown = message.shown
        self.post_message(self.Changed())

    def on_resize(self, event: Resize) -> None:
        """There is room for another number of lines."""
        del event
        self.call_after_refresh(self._ask, Act.REFRESH)

    def show(self, view: RunView, shape: Shape) -> None:
        """Asks for what is new while it follows."""
        super().show(view, shape)
        news = (view.tally, self._pane.room)
        if news != self._seen and not self._pane.paused:
            self._seen = news
            self._ask(Act.REFRESH)

    @property
    def _filter(self) -> LogFilter:
        return self._pane.shown.filter

    def _ask(self, act: Act, by: int = 0, text: str = "") -> None:
        self._port.ask(LogRequest(act, self._pane.room, by, text, filter=self._filter))

    def _set(self, wanted: LogFilter) -> None:
        self._port.ask(LogRequest(Act.FILTER, self._pane.room, filter=wanted))

    def prove(self, evidence: Evidence) -> None:
        """Shows the line of a proof."""
        self._pane.paused = False
        self._port.ask(LogRequest(Act.EVIDENCE, self._pane.room, evidence=evidence))

    def hints(self) -> list[Hint]:
        """The most useful; the rest is in the help."""
        return [
            Hint("/", "search", 2),
            Hint("nN", "next", 0 if not self._pane.shown.pattern else 2),
            Hint("eE", "error", 2),
            Hint("wW", "warning", 1),
            Hint("ix", "filter", 1),
            Hint("l", "level", 1),
            Hint("r", "ranks", 1),
            Hint("F", "file", 1),
            Hint("g", "go", 1),
            Hint("f", "follow", 0 if self._pane.shown.follow else 2),
            Hint("space", "go on" if self._pane.paused else "pause", 1),
            Hint("c", "copy", 0),
            Hint("o", "editor", 0),
        ]

    # --- keys -----------------------------------------------------------------------------------

    def action_scroll(self, by: int) -> None:
        """A line."""
        self._ask(Act.SCROLL, by)

    def action_page(self, way: int) -> None:
        """A screen, of which a line stays."""
        self._ask(Act.SCROLL, way * max(self._pane.room - 1, 2))

    def action_act(self, act: str) -> None:
        """The beginning or the end."""
        self._pane.paused = False
        self._ask(Act(act))

    def action_look(self, act: str, way: int) -> None:
        """The next or the last one."""
        self._ask(Act(act), way)

    def action_aside(self, way: int) -> None:
        """Long lines are scrolled."""
        self._pane.shift = max(self._pane.shift + way * _SIDEWAYS, 0)
        self.post_message(self.Changed())

    def action_pause(self) -> None:
        """Holds the lines; the rest of the screen stays live."""
        self._pane.paused = not self._pane.paused
        self._seen = None
        self.post_message(self.Changed())

    def action_times(self) -> None:
        """With or without what stands before the message."""
        self._pane.times = not self._pane.times
        self.post_message(self.Changed())

    def action_level(self) -> None:
        """The next level."""
        levels = list(Level)
        following = levels[(levels.index(self._filter.level) + 1) % len(levels)]
        self._set(replace(self._filter, level=following))

    def action_slowest(self) -> None:
        """Where the longest gap between two steps ended."""
        ranks = self.desk.view.ranks if self.desk.view is not None else ()
        slow = max(ranks, key=lambda rank: rank.slowest_seconds or 0.0, default=None)
        if slow is not None and slow.slowest is not None:
            self.prove(slow.slowest)

    def action_copy(self) -> None:
        """The marked line goes to the clipboard, through the terminal (OSC 52)."""
        screen = self._pane.shown
        if screen.lines:
            self.app.copy_to_clipboard(screen.lines[screen.cursor].text)
            self.app.notify("The marked line was copied.", timeout=3)

    def action_editor(self) -> None:
        """The file at this line, in the user's editor; the dashboard waits."""
        place = self._port.where()
        if place is None:
            return
        with self.app.suspend():
            words = self.desk.reader.edit(*place)
        self.app.refresh(layout=True)
        if words:
            self.app.notify(words, markup=False)

    def action_ask(self, what: str) -> None:
        """Asks for a text, and does what it is for."""
        of = self._filter
        asks: dict[str, tuple[str, str, Callable[[str], None]]] = {
            "find": ("search (regular expression)", "", self._find),
            "include": ("only lines with", of.include, self._include),
            "exclude": ("only lines without", of.exclude, self._exclude),
            "ranks": ("ranks, such as 0,4-7; empty for all", loglines.ranks_text(of), self._ranks),
            "file": ("part of a file's name; empty for all by time", of.file or "", self._file),
            "go": ("go to 14:32:07, a date and time, :LINE or 50%", "", self._go),
        }
        title, value, then = asks[what]

        def answered(text: str | None) -> None:
            if text is not None:
                then(text)

        self.app.push_screen(Ask(title, value), answered)

    def _find(self, text: str) -> None:
        self._ask(Act.FIND if text else Act.AGAIN, 1, text)

    def _go(self, text: str) -> None:
        self._ask(Act.GO, text=text)

    def _include(self, text: str) -> None:
        self._set(replace(self._filter, include=text))

    def _exclude(self, text: str) -> None:
        self._set(replace(self._filter, exclude=text))

    def _ranks(self, text: str) -> None:
        self._set(replace(self._filter, ranks=as_ranks(text)))

    def _file(self, text: str) -> None:
        names = self._pane.shown.files
        fitting = [name for name in names if text.lower() in name.lower()]
        if text and not fitting:
            self.app.notify(f"no log has {text} in its name", markup=False)
            return
        self._set(replace(self._filter, file=min(fitting, key=len) if text else None))


def as_ranks(text: str) -> frozenset[int] | None:
    """`0,4-7` as a set; None for all, and for what is no number."""
    ranks: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            continue
        ranks.update(range(int(first[:7]), min(int(last[:7] or first[:7]), 10_000_000) + 1))
    return frozenset(ranks) or None
