"""2: every metric as a curve, as closely as somebody wants to look."""

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from trainwatch.model.snapshot import RunView, Wish
from trainwatch.tui.draw import chart, metrics
from trainwatch.tui.draw.keys import Hint
from trainwatch.tui.draw.line import Line, Tone, line
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.table import fitting, row, titles
from trainwatch.tui.screens.page import Page
from trainwatch.tui.widgets.ask import Ask
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.plotpane import PlotPane
from trainwatch.tui.widgets.rows import Rows

_CLOSER, _PAN = 0.5, 0.25
_LIST = 30
_WIDE_LIST = 46


class MetricList(Pane):
    """Every metric found."""

    def __init__(self) -> None:
        self.rows = Rows[metrics.Row]()
        super().__init__(self.rows, id="metric-list")
        self.wanted = ""
        self.chosen = "loss"

    def show(self, view: RunView, shape: Shape) -> None:
        """Those whose names fit."""
        del shape
        found = metrics.found(view, self.wanted)
        columns = metrics.columns(self.chosen)
        self.entitle(
            metrics.list_heading(len(found), len(view.metrics), self.wanted),
            lambda width: [titles(columns, width)],
        )
        self.rows.set(
            found,
            lambda item, width: row(fitting(columns, width), item, width),
            line((" no metric yet" if not view.metrics else " none fits", Tone.DIM)),
        )

    def move(self, view: RunView, by: int) -> None:
        """Chooses another one."""
        names = [name for name, _ in metrics.found(view, self.wanted)]
        if names:
            at = names.index(self.chosen) if self.chosen in names else 0 if by > 0 else len(names)
            inside = self.chosen in names
            self.chosen = names[(at + by) % len(names) if inside else min(at, len(names) - 1)]
            self.rows.scroll_to(
                y=max(names.index(self.chosen) - self.rows.size.height // 2, 0), animate=False
            )


class ChartPane(PlotPane):
    """One metric, with its validation values, and another run's where there is one."""

    def __init__(self, chosen: MetricList) -> None:
        super().__init__("chart")
        self.lens = chart.Lens()
        self._chosen = chosen

    def heading(self, view: RunView) -> Line:
        """What is drawn and how."""
        name = self._chosen.chosen
        return metrics.heading(view, name, self.lens, metrics.layers(view, name))

    def lines(self, view: RunView, width: int, height: int) -> list[Line]:
        """The chart."""
        layers = metrics.layers(view, self._chosen.chosen)
        drawn = [one for one in layers if chart.known(one.curve, self.lens.axis)]
        if not layers:
            return [line((" no value yet", Tone.DIM))]
        if not drawn:
            why = f" the log does not state the {self.lens.axis.value} of these values"
            return [line((why, Tone.DIM))]
        return chart.draw(drawn, self.lens, width, height, self.canvas)


class MetricPage(Page):
    """The list beside the chart; on a narrow terminal the chart alone, and the list by `v`."""

    title: ClassVar[str] = "metrics"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Metric before", show=False),
        Binding("down,j", "choose(1)", "Next metric", show=False),
        Binding("plus,equals_sign", "zoom(1)", "Zoom in", show=False),
        Binding("minus", "zoom(-1)", "Zoom out", show=False),
        Binding("0", "zoom(0)", "Whole axis", show=False),
        Binding("left", "pan(-1)", "Earlier", show=False),
        Binding("right", "pan(1)", "Later", show=False),
        Binding("s", "smooth", "Smoothing", show=False),
        Binding("y", "log", "Logarithmic scale", show=False),
        Binding("x", "axis", "Axis: step, epoch, time", show=False),
        Binding("r", "ranks", "One rank or all", show=False),
        Binding("slash", "filter", "Filter by name", show=False),
        Binding("v", "swap", "List or chart", show=False),
    ]

    def make(self) -> tuple[Pane, ...]:
        """The list and the chart."""
        self._list = MetricList()
        self._chart = ChartPane(self._list)
        self._rank: int | None = None
        self._all = True
        self._wide, self._listed = True, False
        return self._list, self._chart

    def compose(self) -> ComposeResult:
        """Side by side."""
        yield Horizontal(*self.panes, id="metrics")

    def show(self, view: RunView, shape: Shape) -> None:
        """Both where there is room."""
        self._wide = shape.wide
        self._list.display = self._wide or self._listed
        self._chart.display = self._wide or not self._listed
        wide = _WIDE_LIST if shape.huge else _LIST
        self._list.styles.width = wide if self._wide else "1fr"
        super().show(view, shape)

    def stops(self) -> list[Widget]:
        """The keys are the page's own."""
        return []

    @property
    def wish(self) -> Wish:
        """The chosen metric, of the ranks that were chosen."""
        view = self.desk.view
        ranks = view.ranks if view is not None else ()
        who = next((one.who for one in ranks if one.who.sort_key[1] == self._rank), None)
        if who is None and not self._all and ranks:
            who = ranks[0].who
        return Wish(self._list.chosen, who)

    def hints(self) -> list[Hint]:
        """How to look closer."""
        swap = [] if self._wide else [Hint("v", "chart" if self._listed else "list", 2)]
        return [
            Hint("↑↓", "metric", 2),
            Hint("+-0", "zoom", 1),
            Hint("←→", "pan", 0),
            Hint("s", "smooth", 1),
            Hint("y", "log", 1),
            Hint("x", self._chart.lens.axis.value, 1),
            Hint("r", "rank", 1),
            Hint("/", "filter", 1),
            *swap,
        ]

    def _look(self, lens: chart.Lens) -> None:
        self._chart.lens = lens
        self.post_message(self.Changed())

    def action_choose(self, by: int) -> None:
        """Another metric, seen whole."""
        if self.desk.view is not None:
            self._list.move(self.desk.view, by)
        self._look(replace(self._chart.lens, start=0.0, end=1.0))

    def action_zoom(self, way: int) -> None:
        """Closer, further away, or all."""
        lens = self._chart.lens
        if way == 0:
            self._look(replace(lens, start=0.0, end=1.0))
        else:
            self._look(lens.zoomed(_CLOSER if way > 0 else 1 / _CLOSER))

    def action_pan(self, way: int) -> None:
        """Along the axis."""
        self._look(self._chart.lens.panned(way * _PAN))

    def action_smooth(self) -> None:
        """The next smoothing."""
        lens, steps = self._chart.lens, chart.SMOOTHING
        following = steps[(steps.index(lens.smoothing) + 1) % len(steps)]
        self._look(replace(lens, smoothing=following))

    def action_log(self) -> None:
        """The other scale."""
        self._look(replace(self._chart.lens, log=not self._chart.lens.log))

    def action_axis(self) -> None:
        """The next axis."""
        axes = list(chart.Axis)
        lens = self._chart.lens
        following = axes[(axes.index(lens.axis) + 1) % len(axes)]
        self._look(replace(lens, axis=following, start=0.0, end=1.0))

    def action_swap(self) -> None:
        """The other pane."""
        self._listed = not self._listed
        self.post_message(self.Changed())

    def action_filter(self) -> None:
        """Asks for words."""
        self.app.push_screen(Ask("metrics with", self._list.wanted), self._filtered)

    def _filtered(self, words: str | None) -> None:
        if words is not None:
            self._list.wanted = words
            if self.desk.view is not None and metrics.found(self.desk.view, words):
                names = [name for name, _ in metrics.found(self.desk.view, words)]
                self._list.chosen = self._list.chosen if self._list.chosen in names else names[0]
            self.post_message(self.Changed())

    def action_ranks(self) -> None:
        """Asks for a rank."""
        self.app.push_screen(Ask("rank (a number; empty: all as one band)"), self._ranked)

    def _ranked(self, text: str | None) -> None:
        if text is not None:
            self._rank = int(text) if text.strip().isdigit() else None
            self._all = self._rank is None
            self.post_message(self.Changed())
