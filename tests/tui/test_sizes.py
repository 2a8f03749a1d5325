"""Every state at every size, and live from one to the other: readable, and never a crash."""

import pytest

from tests.tui import fake_views
from tests.tui.helpers import dashboard, running, screen, settle
from trainwatch.tui.widgets.logpane import LogRows

SIZES = [(200, 50), (60, 15), (40, 10), (10, 3), (120, 40)]
STATES = ["failed", "starting", "thousand", "hostile"]


@pytest.mark.parametrize("state", STATES)
async def test_live_resizing(state: str) -> None:
    view = fake_views.STATES[state]()
    app = dashboard(view)
    async with running(app, 80, 24) as pilot:
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            rows = screen(app).splitlines()
            assert len(rows) <= height
            assert rows[0].lstrip().startswith(view.status.value.upper()[: width - 4])
            if width > 10:
                assert "q detach" in rows[-1] or "q quit" in rows[-1]
        assert app.is_running


async def test_every_page_in_next_to_no_room() -> None:
    app = dashboard(fake_views.failed())
    async with running(app, 40, 10) as pilot:
        for width, height in ((40, 10), (10, 3), (1, 1)):
            await pilot.resize_terminal(width, height)
            await pilot.press("2", "3", "4", "5", "6", "1")
        assert app.is_running


async def test_what_a_wide_terminal_shows_at_once() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app, 120, 40):
        shown = screen(app)
    for part in (
        "loss · rank 0",
        "epochs · 14",
        "! 3  S stalled",
        "alerts · 1",
        "logs · following",
    ):
        assert part in shown


async def test_what_a_small_terminal_shows_at_once() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app, 80, 24) as pilot:
        shown = screen(app)
        for part in (
            "loss · rank 0",
            "epochs · 14",
            "!3 S",
            "4 min 10 s",
            "debug_rank3",
            "ETA paused",
        ):
            assert part in shown
        assert "logs ·" not in shown
        await pilot.resize_terminal(30, 10)
        await settle(pilot)
        assert "epochs ·" not in screen(app)


async def test_the_newest_lines_are_seen_after_a_resize() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app, 120, 40) as pilot:
        for width, height in ((200, 50), (120, 36), (150, 60)):
            await pilot.resize_terminal(width, height)
            await settle(pilot)
            assert "Rank 3] Training step 14, loss=0.0748" in screen(app)
            assert app._frame.page.query_one(LogRows).following


async def test_an_empty_run_says_what_it_waits_for() -> None:
    app = dashboard(fake_views.starting())
    async with running(app, 120, 40):
        shown = screen(app)
    for part in (
        "STARTING",
        "waiting for the first log file",
        "waiting for the first epoch to begin",
        "waiting for the first line that tells its rank",
        "nothing has been judged",
    ):
        assert part in shown


async def test_before_the_first_snapshot() -> None:
    app = dashboard()
    async with running(app):
        assert screen(app).startswith(" STARTING   reading the logs")
        assert "q detach" in screen(app)


async def test_a_thousand_ranks() -> None:
    app = dashboard(fake_views.thousand())
    async with running(app, 120, 40) as pilot:
        shown = screen(app)
        for part in (
            "1024 ranks · 1 dead · 1 stalled",
            "402  D dead",
            "17  S stalled",
            "none in trouble",
        ):
            assert part in shown
        await pilot.press("3")
        await pilot.pause()
        rows = [row for row in screen(app).splitlines() if "training   " in row]
        assert rows[0].split()[0] == "402"
