"""Every key, pressed in a running dashboard."""

import threading
from dataclasses import replace

import pytest

from tests.tui import fake_views
from tests.tui.fake_reader import FakeReader
from tests.tui.helpers import dashboard, running, screen, settle, until
from trainwatch.tui.app import Dashboard
from trainwatch.tui.dialogs import AskStop, Help
from trainwatch.tui.draw.keys import footer, hints
from trainwatch.tui.draw.line import cells, plain
from trainwatch.tui.outcome import How, Outcome
from trainwatch.tui.screens.alerts import AlertList
from trainwatch.tui.screens.gpus import GpuPane
from trainwatch.tui.screens.logs import LinesPane
from trainwatch.tui.screens.metrics import MetricList
from trainwatch.tui.screens.ranks import RankTable
from trainwatch.tui.widgets.epochpane import EpochPane
from trainwatch.tui.widgets.logpane import LogRows


def notes(app: Dashboard) -> list[str]:
    return [note.message for note in app._notifications]


async def test_numbers_show_pages() -> None:
    app = dashboard(fake_views.failed())
    async with running(app) as pilot:
        for key, pane in (
            ("2", MetricList),
            ("3", RankTable),
            ("4", GpuPane),
            ("5", LinesPane),
            ("6", AlertList),
            ("1", EpochPane),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert app._frame.page.query_one(pane)
            assert app._frame.number == int(key) - 1
            assert sum(page.display for page in app._frame._pages.values()) == 1


async def test_the_head_stays_on_every_page() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app) as pilot:
        for key in "123456":
            await pilot.press(key)
            await pilot.pause()
            assert screen(app).startswith(" STALLED  ae_large_scale")
            assert "rank 3 is silent" in screen(app)


async def test_a_page_that_is_seen_again_shows_nothing_old() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        assert "4 active" in screen(app)
        await pilot.press("5")
        await pilot.pause()
        app._steady = 60.0  # whatever is painted from here on is painted by the key
        ranks = tuple(fake_views.rank(n, step=150) for n in range(4))
        reader.post(fake_views.healthy(ranks=ranks))
        await pilot.pause()
        await pilot.press("1")
        await pilot.pause()
        assert screen(app).count(" 150/171") == 4
        assert " 104/171" not in screen(app)


async def test_tab_goes_round_the_pages_where_one_pane_is_seen() -> None:
    app = dashboard(fake_views.healthy(system=None))
    async with running(app) as pilot:
        seen = []
        for _ in range(6):
            await pilot.press("tab")
            await pilot.pause()
            seen.append(app._frame.number)
        assert seen == [1, 2, 3, 4, 5, 0]
        await pilot.press("shift+tab")
        await pilot.pause()
        assert app._frame.number == 5


async def test_tab_goes_round_the_panes_where_several_are_seen() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app, 120, 40) as pilot:
        stops = app._frame.page.stops()
        assert len(stops) == 4
        seen = []
        for _ in range(4):
            seen.append(app.focused)
            await pilot.press("tab")
        assert set(seen) == set(stops)
        assert app.focused is seen[0]
        assert app._frame.number == 0


async def test_the_pane_with_the_keys_is_marked() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app, 120, 40) as pilot:
        assert "▸ logs" in screen(app)
        await pilot.press("tab")
        await pilot.pause()
        assert "▸ epochs" in screen(app)
        assert "▸ logs" not in screen(app)


async def test_arrows_and_page_keys_scroll() -> None:
    app = dashboard(fake_views.thousand())
    async with running(app) as pilot:
        await pilot.press("3")
        await pilot.pause()
        rows = app._frame.page.query_one(RankTable).rows
        for key, least in (("down", 1), ("pagedown", 5), ("end", 900)):
            await pilot.press(key)
            await pilot.pause()
            assert rows.scroll_y >= least
        await pilot.press("home")
        await pilot.pause()
        assert rows.scroll_y == 0
        await pilot.press("up")
        assert rows.scroll_y == 0


def newer(first: int) -> object:
    return fake_views.healthy(recent=fake_views.recent(60, first=first))


async def test_the_log_follows_until_somebody_scrolls_and_f_takes_it_up() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        await pilot.pause()
        rows = app._frame.page.query_one(LogRows)
        assert "following" in screen(app)
        assert "step 14, loss" in screen(app)
        await pilot.press("pageup")
        await until(pilot, lambda: not rows.following)
        reader.post(newer(40))  # type: ignore[arg-type]
        await pilot.pause()
        assert not rows.following
        assert "f follows" in screen(app)
        held = [row[:60].rstrip() for row in screen(app).splitlines()[32:38]]
        reader.post(newer(80))  # type: ignore[arg-type]
        await pilot.pause()
        assert [row[:60].rstrip() for row in screen(app).splitlines()[32:38]] == held
        await pilot.press("f")
        await pilot.pause()
        assert rows.following
        assert "step 34, loss" in screen(app)
        assert "following" in screen(app)


async def test_space_holds_the_log_and_nothing_else() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        await pilot.press("space")
        reader.post(replace(fake_views.stalled(), recent=fake_views.recent(60, first=30)))
        await pilot.pause()
        assert "PAUSED, 30 newer lines" in screen(app)
        assert "STALLED" in screen(app)
        assert "step 22, loss" not in screen(app)
        await pilot.press("space")
        await pilot.pause()
        assert "step 22, loss" in screen(app)


async def test_a_place_in_the_log_is_kept_when_old_lines_leave() -> None:
    reader = FakeReader(fake_views.healthy(recent=fake_views.recent(60)))
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        app.desk.book.limit = 100
        await pilot.press("pageup")
        await until(pilot, lambda: not app._frame.page.query_one(LogRows).following)
        top = [row[:60].rstrip() for row in screen(app).splitlines()[32:38]]
        for first in (30, 60):
            reader.post(newer(first))  # type: ignore[arg-type]
            await pilot.pause()
        assert app.desk.book.dropped == 20
        assert [row[:60].rstrip() for row in screen(app).splitlines()[32:38]] == top


async def test_q_detaches() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app) as pilot:
        await pilot.press("q")
    assert app.return_value == Outcome(How.DETACHED)
    assert (reader.started, reader.stopped, reader.asked) == (1, 1, 0)


async def test_ctrl_c_only_explains() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app) as pilot:
        await pilot.press("ctrl+c")
        assert app.is_running
        assert notes(app) == ["q detaches, and the training goes on · K stops the training"]


async def test_ctrl_c_does_not_name_a_key_that_does_not_apply() -> None:
    app = dashboard(reader=FakeReader(fake_views.healthy(), can_stop=False))
    async with running(app) as pilot:
        await pilot.press("ctrl+c")
        assert notes(app) == ["q detaches, and the training goes on"]


async def test_a_stop_is_asked_for_and_can_be_refused() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app) as pilot:
        for key in ("n", "escape", "q"):
            await pilot.press("K")
            assert isinstance(app.screen, AskStop)
            assert "Stop the training ae_large_scale?" in screen(app)
            await pilot.press(key)
            assert app.is_running
            assert not isinstance(app.screen, AskStop)
            assert notes(app) == ["Nothing was stopped."]
        assert reader.asked == 0


async def test_habit_does_not_stop_a_training() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app) as pilot:
        await pilot.press("K")
        for key in ("enter", "space", "K", "Y", "1", "tab", "question_mark", "f", "ctrl+c"):
            await pilot.press(key)
            assert isinstance(app.screen, AskStop)
        assert reader.asked == 0


async def test_y_stops_and_the_answer_is_told() -> None:
    reader = FakeReader(fake_views.healthy(), answer="Stopped [/x]; checkpoint-2000 is sound.")
    app = dashboard(reader=reader)
    async with running(app) as pilot:
        await pilot.press("K", "y")
        await until(pilot, lambda: notes(app) == ["Stopped [/x]; checkpoint-2000 is sound."])
        await pilot.press("q")
    assert app.return_value == Outcome(
        How.DETACHED, None, True, "Stopped [/x]; checkpoint-2000 is sound."
    )


async def test_leaving_does_not_wait_for_the_answer() -> None:
    answered = threading.Event()

    class Slow(FakeReader):
        def request_stop_training(self) -> str:
            answered.wait(20)
            return "late"

    app = dashboard(reader=Slow(fake_views.healthy()))
    async with running(app) as pilot:
        await pilot.press("K", "y", "q")
    assert app.return_value == Outcome(How.DETACHED, None, True, None)
    answered.set()


async def test_a_stop_that_fails_is_told() -> None:
    class Broken(FakeReader):
        def request_stop_training(self) -> str:
            raise OSError("no supervisor")

    app = dashboard(reader=Broken(fake_views.healthy()))
    async with running(app) as pilot:
        await pilot.press("K", "y")
        await until(pilot, lambda: "no supervisor" in "".join(notes(app)))


async def test_a_view_that_only_reads_says_so() -> None:
    reader = FakeReader(fake_views.healthy(), can_stop=False)
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        assert "K stop" not in screen(app)
        await pilot.press("K")
        await pilot.pause()
        assert not isinstance(app.screen, AskStop)
        assert "only reads" in notes(app)[0]
        assert reader.asked == 0


async def test_a_help_longer_than_the_screen_reads_on() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app, 80, 24) as pilot:
        await pilot.press("question_mark")
        await settle(pilot)
        assert "acknowledge" not in screen(app)
        await pilot.press("end")
        await until(pilot, lambda: "acknowledge" in screen(app) and "Letters" in screen(app))


async def test_help_opens_and_closes() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app) as pilot:
        for key in ("escape", "question_mark", "q"):
            await pilot.press("question_mark")
            await pilot.pause()
            assert isinstance(app.screen, Help)
            assert "detach: the training goes on" in screen(app)
            await pilot.press(key)
            await pilot.pause()
            assert not isinstance(app.screen, Help)
        assert app.is_running


async def test_the_palette_offers_what_the_keys_do() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app):
        titles = [command.title for command in app.get_system_commands(app.screen)]
    assert titles == [
        "overview",
        "metrics",
        "ranks",
        "gpus",
        "logs",
        "alerts",
        "diagnose",
        "stop",
        "restart",
        "mouse",
        "theme",
        "help",
        "detach",
    ]


async def test_keys_that_multiplexers_use_are_left_alone() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app):
        bound = set(app.active_bindings)
    assert not bound & {"ctrl+a", "ctrl+b"}
    assert not [key for key in bound if "alt+" in key]


def test_the_footer_shows_what_applies() -> None:
    shown = hints(
        ["a", "b"], 0, logs=True, paused=False, following=False, can_stop=True, over=False
    )
    assert plain(footer(shown, 120)) == (
        " 1 a  2 b  tab next  space pause  f follow  K stop training"
        "  q detach (training goes on)  ? help"
    )
    shown = hints(
        ["a", "b"], 1, logs=False, paused=False, following=True, can_stop=False, over=False
    )
    assert plain(footer(shown, 120)) == " 1 a  2 b  tab next  q detach (training goes on)  ? help"


@pytest.mark.parametrize("width", [10, 20, 30, 40, 60, 80])
def test_the_footer_fits_and_never_loses_the_way_out(width: int) -> None:
    pages = ["overview", "metrics", "ranks", "gpus", "logs", "alerts"]
    shown = hints(pages, 2, logs=True, paused=True, following=False, can_stop=True, over=False)
    made = footer(shown, width)
    assert cells(made) <= width
    assert "q detach" in plain(made)
