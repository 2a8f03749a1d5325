"""Untrusted text on the screen and in the lines: nothing acts, nothing crashes."""

import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from tests.tui import fake_diagnosis, fake_views
from tests.tui.fake_reader import FakeReader
from tests.tui.fake_views import HOSTILE
from tests.tui.helpers import dashboard, running, screen, settle, until
from trainwatch.diagnose.diagnosis import Proof, RankDiagnosis, Role
from trainwatch.events import RankId
from trainwatch.model.logs import LogScreen
from trainwatch.model.snapshot import RunView, Status
from trainwatch.tui.once import overview
from trainwatch.tui.plain import PlainView


def reader(view: RunView) -> FakeReader:
    proof = Proof(view.alerts[0].evidence[0], HOSTILE)
    accused = RankDiagnosis(RankId(0), Role.GUILTY, HOSTILE, state=HOSTILE)
    found = replace(
        fake_diagnosis.hang(),
        summary=HOSTILE,
        ranks=(accused,),
        evidence=(proof,),
        refute=HOSTILE,
        advice=(HOSTILE,),
        missing=(HOSTILE,),
    )
    made = FakeReader(view, diagnosis=found)
    made.log_screen = LogScreen(
        view.recent, 0, files=(HOSTILE,), unmerged=(HOSTILE,), pattern="red", note=HOSTILE
    )
    return made


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
async def test_every_page_shows_it_harmlessly_and_aligned(size: tuple[int, int]) -> None:
    view = fake_views.hostile(status=Status.STALLED)
    app = dashboard(reader=reader(view))
    async with running(app, *size) as pilot:
        await until(pilot, lambda: app.desk.diagnosis.found is not None)
        for key in ("1", "2", "down", "3", "4", "5", "right", "right", "6", *EVERYWHERE):
            await pilot.press(key)
            await settle(pilot)
            shown = screen(app)
            bad = {c for c in shown.replace("\n", "") if not c.isprintable()}
            assert not bad, (key, bad)
            for strip in app.screen._compositor.render_strips():
                assert strip.cell_length == size[0], key
                assert sum(cell_len(segment.text) for segment in strip) == size[0], key
            if key.isdigit():
                assert app._frame.number == int(key) - 1
                if key != "2" or size[0] > 80:  # the list of metrics needs room
                    assert "red" in "".join(shown.splitlines()[8:])


EVERYWHERE = ("question_mark", "escape", "K", "n", "R", "n", "ctrl+c", "ctrl+p", "escape")


def test_an_overview_in_lines_holds_no_control_codes() -> None:
    lines = list(overview(fake_views.hostile(), 100))
    assert len(lines) > 10
    for text in lines:
        assert not {c for c in text if not c.isprintable()}
        assert cell_len(text) <= 100


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
