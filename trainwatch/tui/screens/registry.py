"""Which screens there are, in the order of their keys; each is loaded when it is first wanted."""

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

from trainwatch.tui.desk import Desk

if TYPE_CHECKING:
    from trainwatch.tui.screens.page import Page


class Entry(NamedTuple):
    """One screen: its name in the footer, and the class that makes it."""

    title: str
    module: str
    name: str


SCREENS = (
    Entry("overview", "overview", "Overview"),
    Entry("metrics", "metrics", "MetricPage"),
    Entry("ranks", "ranks", "RankPage"),
    Entry("gpus", "gpus", "GpuPage"),
    Entry("logs", "logs", "LogPage"),
    Entry("alerts", "alerts", "AlertPage"),
)
OVERVIEW, METRICS, RANKS, GPUS, LOGS, ALERTS = range(len(SCREENS))


def make(number: int, desk: Desk) -> "Page":
    """A screen by its number, from 0."""
    entry = SCREENS[number]
    module = import_module(f"trainwatch.tui.screens.{entry.module}")
    return cast("Page", getattr(module, entry.name)(desk))
