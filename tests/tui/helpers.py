"""Running a dashboard without a terminal, and reading what stands on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from time import monotonic

from textual.app import App
from textual.pilot import Pilot

from tests.tui.fake_reader import FakeReader
from trainwatch.model.snapshot import RunView
from trainwatch.tui.app import Dashboard
from trainwatch.tui.draw.line import Line, plain
from trainwatch.tui.outcome import Outcome
from trainwatch.tui.theme import DARK
from trainwatch.tui.widgets.plotpane import PlotPane


def dashboard(*views: RunView, theme: str = DARK, reader: FakeReader | None = None) -> Dashboard:
    """Paints every snapshot at once."""
    return Dashboard(reader or FakeReader(*views), zone=UTC, theme=theme, steady=0)


async def settle(pilot: Pilot[Outcome]) -> None:
    """Waits until other threads have drawn and diagnosed, and nothing changes any more."""
    deadline = monotonic() + 60
    await pilot.pause()
    while _busy(pilot.app):
        assert monotonic() < deadline, "still busy"
        await asyncio.sleep(0.01)
        await pilot.pause()
    before = ""
    for _ in range(20):
        await pilot.pause()
        if (now := screen(pilot.app)) == before:
            break
        before = now


def _busy(app: App[Outcome]) -> bool:
    assert isinstance(app, Dashboard)
    plots = [pane for screen in app.screen_stack for pane in screen.query(PlotPane)]
    return app.desk.diagnosis.running or any(pane.wanted and not pane.ready for pane in plots)


@asynccontextmanager
async def running(
    app: Dashboard, width: int = 80, height: int = 24
) -> AsyncIterator[Pilot[Outcome]]:
    async with app.run_test(size=(width, height)) as pilot:
        await settle(pilot)
        yield pilot


def screen(app: App[Outcome]) -> str:
    """The text in the cells."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


async def until(pilot: Pilot[Outcome], true: Callable[[], bool]) -> None:
    """For what another thread has to do first."""
    for _ in range(300):
        await pilot.pause()
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def texts(lines: list[Line]) -> list[str]:
    return [plain(line).rstrip() for line in lines]
