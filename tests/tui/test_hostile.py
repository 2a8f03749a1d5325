"""Untrusted text on the screen and in the lines: nothing acts, nothing crashes."""

import unicodedata

from rich.cells import cell_len

from tests.tui import fake_views
from tests.tui.helpers import dashboard, running, screen
from trainwatch.tui.plain import PlainView


async def test_every_page_shows_it_harmlessly() -> None:
    app = dashboard(fake_views.hostile())
    async with running(app, 120, 40) as pilot:
        for key in ("1", "2", "3", "4", "question_mark", "escape", "K", "n", "ctrl+c"):
            await pilot.press(key)
            await pilot.pause()
            shown = screen(app)
            bad = {c for c in shown.replace("\n", "") if not c.isprintable()}
            assert not bad, bad
            assert "[/bold] [red]red" in shown


async def test_columns_stay_aligned() -> None:
    app = dashboard(fake_views.hostile())
    async with running(app, 120, 40):
        for strip in app.screen._compositor.render_strips():
            assert strip.cell_length == 120
            assert sum(cell_len(segment.text) for segment in strip) == 120


def test_plain_lines_hold_no_control_codes() -> None:
    written: list[str] = []
    view = PlainView(written.append)
    view.update(fake_views.hostile())
    view.finish()
    assert written
    for text in written:
        assert text.endswith("\n")
        categories = {unicodedata.category(c) for c in text[:-1]}
        assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
