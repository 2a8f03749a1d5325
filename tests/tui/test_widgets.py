"""The two widgets: what changed is repainted, and only that."""

import pytest

from tests.tui import fake_views
from tests.tui.helpers import dashboard, running, screen
from trainwatch.tui.draw.line import Line, Tone, line
from trainwatch.tui.screens.ranks import RankTable
from trainwatch.tui.widgets.block import Block
from trainwatch.tui.widgets.logpane import LogRows
from trainwatch.tui.widgets.paint import changed
from trainwatch.tui.widgets.rows import Rows


@pytest.mark.parametrize(
    ("before", "after", "span"),
    [
        (line("same"), line("same"), (4, 4)),
        (line("step 104"), line("step 105"), (7, 8)),
        (line("a ", ("1", Tone.BAD), " z"), line("a ", ("2", Tone.BAD), " z"), (2, 3)),
        (line("a ", ("1", Tone.BAD), " z"), line("a ", ("1", Tone.GOOD), " z"), (2, 3)),
        (line("short"), line("longer"), (0, 6)),
        (line("损失 1 x"), line("损失 2 x"), (5, 6)),
        (line(), line("new"), (0, 3)),
    ],
)
def test_the_span_that_differs(before: Line, after: Line, span: tuple[int, int]) -> None:
    assert changed(before, after) == span


async def test_the_same_picture_is_not_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = dashboard(fake_views.healthy())
    async with running(app, 120, 40) as pilot:
        painted: list[object] = []
        for kind in (Block, Rows):
            monkeypatch.setattr(kind, "refresh", lambda self, *_, **__: painted.append(self))
        app.reader.post(fake_views.healthy())  # type: ignore[attr-defined]
        await pilot.pause()
        assert painted == []


async def test_a_tick_repaints_only_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    view = fake_views.healthy()
    app = dashboard(view)
    async with running(app, 120, 40) as pilot:
        spans: list[tuple[object, ...]] = []
        for kind in (Block, Rows):
            monkeypatch.setattr(kind, "refresh", lambda _, *regions, **__: spans.append(regions))
        app.reader.post(fake_views.healthy(now=view.now + 1))  # type: ignore[attr-defined]
        await pilot.pause()
        assert [(r[0].y, r[0].width, r[0].height) for r in spans] == [(0, 1, 1)]  # type: ignore[attr-defined]


async def test_only_visible_rows_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []
    app = dashboard(fake_views.thousand())
    async with running(app, 120, 40) as pilot:
        await pilot.press("3")
        await pilot.pause()
        rows = app._frame.page.query_one(RankTable).rows
        plain_draw = rows._draw
        rows._made.clear()
        monkeypatch.setattr(
            rows, "_draw", lambda one, width: drawn.append(one) or plain_draw(one, width)
        )
        rows._refresh_changes()
        assert 0 < len(drawn) <= 40


async def test_a_log_scrolls_sideways_to_its_end() -> None:
    long = fake_views.log_line(1, 0, "x" * 150 + " the end")
    app = dashboard(fake_views.healthy(recent=(long,)))
    async with running(app, 120, 40) as pilot:
        assert "the end" not in screen(app)
        app._frame.page.query_one(LogRows).scroll_to(x=100, animate=False)
        await pilot.pause()
        assert "the end" in screen(app)
