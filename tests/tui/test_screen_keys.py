"""The keys of each screen, pressed in a running dashboard."""

from dataclasses import replace

from textual.pilot import Pilot

from tests.tui import fake_diagnosis, fake_views
from tests.tui.fake_reader import FakeReader
from tests.tui.helpers import dashboard, running, screen, settle, until
from trainwatch.events import RankId, RunInfo
from trainwatch.model.logs import Act, Level, LogScreen
from trainwatch.tui.app import Dashboard
from trainwatch.tui.dialogs import AskRestart
from trainwatch.tui.draw.line import Tone
from trainwatch.tui.draw.metrics import layers
from trainwatch.tui.screens.logs import as_ranks


async def press(pilot: Pilot[object], *keys: str) -> str:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
    await settle(pilot)  # type: ignore[arg-type]
    assert isinstance(pilot.app, Dashboard)
    return screen(pilot.app)


# --- metrics ------------------------------------------------------------------------------------


async def test_metrics_are_chosen_filtered_and_looked_at_closely() -> None:
    reader = FakeReader(fake_views.healthy(wished=(fake_views.curve(),)))
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        shown = await press(pilot, "2")
        assert "▸ loss" in shown
        assert reader.wishes[-1].metric == "loss"
        assert reader.wishes[-1].rank is None
        assert "zoom 4x" in await press(pilot, "plus", "equals_sign")
        before = app.screen and screen(app)
        assert await press(pilot, "left") != before
        assert await press(pilot, "right") == before
        assert "zoom 2x" in await press(pilot, "minus")
        assert "zoom" not in (await press(pilot, "0")).splitlines()[4]
        assert "smoothed 0.8" in await press(pilot, "s")
        assert " log" in (await press(pilot, "y")).splitlines()[4]
        assert "epoch 0" in await press(pilot, "x")
        assert "time 0" in await press(pilot, "x")
        await press(pilot, "down")
        assert reader.wishes[-1].metric == "val_loss"
        await press(pilot, "up", "r", "2", "enter")
        assert reader.wishes[-1].rank == RankId(2)
        await press(pilot, "r", "enter")
        assert reader.wishes[-1].rank is None
        shown = await press(pilot, "slash", *"thr", "enter")
        assert "metrics · 1 of 4, / thr" in shown
        assert reader.wishes[-1].metric == "throughput"
        assert "1 of 4" in await press(pilot, "slash", "x", "escape")


async def test_on_a_narrow_terminal_v_shows_the_list() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app, 80, 24) as pilot:
        assert "throughput  " not in (await press(pilot, "2")).split("───", 1)[1]
        assert "val_loss" in await press(pilot, "v")


async def test_another_run_is_drawn_beside() -> None:
    both = (fake_views.curve(seed=3), fake_views.curve(15, seed=4, metric="val_loss"))
    other = fake_views.healthy(wished=both, info=RunInfo(path="runs/before"))
    app = dashboard(fake_views.healthy(beside=other))
    async with running(app, 120, 40) as pilot:
        shown = await press(pilot, "2")
        assert "● the other run, before · ● its val_loss" in shown
        assert {layer.tone for layer in layers(app.view, "loss")} == {
            *(Tone.CURVE, Tone.GOOD, Tone.NOTE)
        }


async def test_what_was_trained_again_is_drawn_below() -> None:
    left = fake_views.curve(200, seed=9)
    resumed = replace(fake_views.curve(attempts=(0, 1200)), left=left)
    app = dashboard(fake_views.healthy(curves=(resumed,)))
    async with running(app, 120, 40) as pilot:
        assert "● trained again later" in await press(pilot, "2")
        assert layers(app.view, "loss")[0].curve is resumed


async def test_the_first_nan_is_named() -> None:
    app = dashboard(fake_views.failed())
    async with running(app, 120, 40) as pilot:
        shown = await press(pilot, "2")
        assert "N first NaN at step 2301" in shown
        assert "┆" in shown


# --- ranks --------------------------------------------------------------------------------------


async def test_phases_over_time() -> None:
    now = fake_views.NOW
    phases = tuple(
        (now - back, rank.phase)
        for back, rank in ((60, fake_views.rank(0)), (0, fake_views.rank(0)))
    )
    ranks = tuple(fake_views.rank(n, timeline=phases) for n in range(4))
    reader = FakeReader(fake_views.healthy(ranks=ranks))
    app = dashboard(reader=reader)
    async with running(app, 80, 24) as pilot:
        assert "last line" in await press(pilot, "3")
        assert reader.wishes[-1].timelines
        shown = await press(pilot, "v")
        assert "14:31:07" in shown
        assert "......" in shown
        assert "last line" in await press(pilot, "v")


# --- logs ---------------------------------------------------------------------------------------


async def test_every_key_of_the_logs_asks_for_what_it_says() -> None:
    slow = fake_views.stall_finding().evidence[0]
    ranks = (fake_views.rank(0, slowest=slow, slowest_seconds=3.0), fake_views.rank(1))
    reader = FakeReader(fake_views.healthy(ranks=ranks))
    lines = fake_views.recent(10)
    reader.log_screen = LogScreen(lines, 3, files=("debug_rank0.log", "debug_rank1.log"))
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        assert "step 0, loss" in await press(pilot, "5")
        asked = reader.log.asked
        for key, act, by in (
            ("up", Act.SCROLL, -1),
            ("down", Act.SCROLL, 1),
            ("home", Act.START, 0),
            ("f", Act.END, 0),
            ("n", Act.AGAIN, 1),
            ("N", Act.AGAIN, -1),
            ("e", Act.ERROR, 1),
            ("E", Act.ERROR, -1),
            ("w", Act.WARNING, 1),
            ("W", Act.WARNING, -1),
        ):
            await press(pilot, key)
            assert (asked[-1].act, asked[-1].by) == (act, by)
        await press(pilot, "pagedown")
        assert asked[-1].by == asked[-1].rows - 1
        await press(pilot, "l")
        assert asked[-1].filter.level is Level.WARNING
        await press(pilot, "r", *"0,2-3", "enter")
        assert asked[-1].filter.ranks == {0, 2, 3}
        await press(pilot, "i", *"loss", "enter")
        await press(pilot, "x", *"slow", "enter")
        assert (asked[-1].filter.include, asked[-1].filter.exclude) == ("loss", "slow")
        await press(pilot, "F", *"rank1", "enter")
        assert asked[-1].filter.file == "debug_rank1.log"
        await press(pilot, "slash", *"nan", "enter")
        assert (asked[-1].act, asked[-1].text, asked[-1].by) == (Act.FIND, "nan", 1)
        await press(pilot, "g", *"14:30", "enter")
        assert (asked[-1].act, asked[-1].text) == (Act.GO, "14:30")
        await press(pilot, "S")
        assert asked[-1].evidence == slow
        await press(pilot, "c")
        assert app.clipboard == lines[3].text
        assert "PAUSED" in await press(pilot, "space")
        many = len(asked)
        reader.post(fake_views.healthy(now=fake_views.NOW + 9))
        await pilot.pause()
        assert len(asked) == many
        assert "PAUSED" not in await press(pilot, "space")
        before = screen(app)
        assert await press(pilot, "right") != before
        assert (await press(pilot, "left")).splitlines()[5:15] == before.splitlines()[5:15]
    assert reader.log.closed


def test_ranks_as_people_type_them() -> None:
    assert as_ranks("0, 4-6") == {0, 4, 5, 6}
    assert as_ranks("") is None
    assert as_ranks("x") is None


# --- alerts -------------------------------------------------------------------------------------


async def test_alerts_are_chosen_proven_and_acknowledged() -> None:
    reader = FakeReader(fake_views.failed(), diagnosis=fake_diagnosis.out_of_memory())
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        shown = await press(pilot, "6")
        assert "▸ 14:32:07" in shown
        assert "wrong if  the allocation was caught" in shown
        await press(pilot, "a")
        assert "✓" in screen(app)
        assert "rank 1 ran out of GPU memory" in screen(app).splitlines()[1]
        await press(pilot, "up", "a")
        assert "ran out of GPU memory" not in "".join(screen(app).splitlines()[:3])
        await press(pilot, "a", "down", "up")
        assert "debug_rank1.log:71900" in screen(app)
        await press(pilot, "enter")
        assert app._frame.number == 4
        proof = next(one for one in reader.log.asked if one.evidence is not None)
        assert proof.evidence is not None
        assert proof.evidence.line == 71_900


async def test_a_run_in_trouble_is_diagnosed_by_itself_and_by_d() -> None:
    reader = FakeReader(fake_views.healthy(), diagnosis=fake_diagnosis.hang())
    app = dashboard(reader=reader)
    async with running(app, 120, 40) as pilot:
        assert reader.diagnosed == 0
        reader.post(fake_views.stalled())
        await until(pilot, lambda: app.desk.diagnosis.found is not None)
        await pilot.pause()
        assert "wait for it in all_reduce (likely)  [6] why  [K] stop" in screen(app)
        assert "1 stalled · 7 waiting" in screen(app)
        reader.post(replace(fake_views.stalled(), now=fake_views.NOW + 5))
        await pilot.pause()
        assert reader.diagnosed == 1
        await press(pilot, "D")
        await until(pilot, lambda: reader.diagnosed == 2 and not app.desk.diagnosis.running)
        shown = await press(pilot)
        assert app._frame.number == 5
        for part in (" HANG ", "guilty  DS.__getitem__", "victim", "next 1.", "refuted", "missing"):
            assert part in shown


async def test_a_diagnosis_that_fails_says_why() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app, 120, 40) as pilot:
        await until(pilot, lambda: bool(app.desk.diagnosis.failure))
        assert "no diagnosis: nothing to read" in await press(pilot, "6")


# --- everywhere ---------------------------------------------------------------------------------


async def test_a_restart_is_asked_for() -> None:
    reader = FakeReader(fake_views.healthy())
    app = dashboard(reader=reader)
    async with running(app) as pilot:
        assert "Restart the training ae_large_scale?" in await press(pilot, "R")
        assert isinstance(app.screen, AskRestart)
        await press(pilot, "n")
        assert reader.restarted == 0
        await press(pilot, "R", "y")
        await until(pilot, lambda: reader.restarted == 1)


async def test_a_view_that_only_reads_does_not_restart() -> None:
    app = dashboard(reader=FakeReader(fake_views.healthy(), can_stop=False))
    async with running(app) as pilot:
        await press(pilot, "R")
        assert not isinstance(app.screen, AskRestart)


async def test_the_mouse_is_switched() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app) as pilot:
        await press(pilot, "M")
        assert [note.message for note in app._notifications] == ["The mouse scrolls."]
        await press(pilot, "M")
        assert [note.message for note in app._notifications][-1].startswith("The mouse selects")
