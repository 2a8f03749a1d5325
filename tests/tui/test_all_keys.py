"""Every key of every screen does something: none is bound in vain, and none is untested.

Each case is what is pressed before, the key, and what is pressed to come back.
"""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from textual.binding import Binding
from textual.command import CommandPalette

from tests.tui import fake_diagnosis, fake_views
from tests.tui.fake_reader import FakeReader
from tests.tui.helpers import dashboard, running, screen, settle, until
from trainwatch.events import Stamp
from trainwatch.model.logs import LogScreen
from trainwatch.tui.app import Dashboard
from trainwatch.tui.screens.alerts import AlertPage
from trainwatch.tui.screens.gpus import GpuPage
from trainwatch.tui.screens.logs import LogPage
from trainwatch.tui.screens.metrics import MetricPage
from trainwatch.tui.screens.overview import Overview
from trainwatch.tui.screens.page import Page
from trainwatch.tui.screens.ranks import RankPage

Case = tuple[str, str, str]

EVERYWHERE: Sequence[Case] = (
    *(("1" if key != "1" else "2", key, "") for key in "123456"),
    ("1", "question_mark", "escape"),
    ("", "K", "n"),
    ("", "R", "escape"),
    ("", "M", "M"),
    ("", "ctrl+c", ""),
    ("", "ctrl+p", "escape"),
    ("", "tab", ""),
    ("", "shift+tab", ""),
    ("1", "D", ""),
)
SCREENS: dict[type[Page], tuple[str, Sequence[Case]]] = {
    Overview: (
        "1",
        (
            ("", "pageup", "f"),
            ("", "up", "f"),
            ("up up", "down", "f"),
            ("pageup pageup", "pagedown", "f"),
            ("", "home", "f"),
            ("home", "end", ""),
            ("", "right", "left"),
            ("right", "left", ""),
            ("pageup", "f", ""),
            ("", "space", "space"),
        ),
    ),
    MetricPage: (
        "2",
        (
            ("", "down", "up"),
            ("down", "up", ""),
            ("", "j", "k"),
            ("j", "k", ""),
            ("", "plus", "0"),
            ("", "equals_sign", "0"),
            ("plus plus", "minus", "0"),
            ("plus", "0", ""),
            ("plus plus", "left", "0"),
            ("plus plus left", "right", "0"),
            ("", "s", "s s s"),
            ("", "y", "y"),
            ("", "x", "x x"),
            ("", "r", "escape"),
            ("", "slash", "escape"),
        ),
    ),
    RankPage: (
        "3",
        (
            ("", "down", "home"),
            ("down", "up", ""),
            ("", "pagedown", "home"),
            ("pagedown pagedown", "pageup", "home"),
            ("", "end", "home"),
            ("end", "home", ""),
        ),
    ),
    GpuPage: ("4", (("", "down", "home"), ("", "end", "home"), ("end", "home", ""))),
    LogPage: (
        "5",
        (
            *(("", key, "") for key in ("up", "k", "down", "j", "pageup", "pagedown")),
            *(("", key, "") for key in ("home", "end", "f", "n", "N", "e", "E", "w", "W")),
            ("", "right", "left"),
            ("right", "left", ""),
            ("", "space", "space"),
            *(("", key, "escape") for key in ("slash", "i", "x", "r", "F", "g")),
            ("", "l", "l l l"),
            ("", "S", ""),
            ("", "t", "t"),
            ("", "c", ""),
            ("", "o", ""),
        ),
    ),
    AlertPage: (
        "6",
        (
            ("", "down", "up"),
            ("down", "up", ""),
            ("", "j", "k"),
            ("j", "k", ""),
            ("", "pagedown", "pageup"),
            ("pagedown", "pageup", ""),
            ("", "space", "pageup"),
            ("", "a", "a"),
            ("", "enter", "6"),
        ),
    ),
}
NARROW: Sequence[tuple[str, Case]] = (("2", ("", "v", "v")), ("3", ("", "v", "v")))
ELSEWHERE = {"q", "ctrl+z"}
"""`q` ends the dashboard (`test_keys.py`), ctrl+z needs a terminal (`test_terminal.py`)."""


def reader() -> FakeReader:
    slow = fake_views.stall_finding().evidence[0]
    first = fake_views.rank(0, slowest=slow, slowest_seconds=3.0)
    view = fake_views.healthy(
        ranks=(first, *(fake_views.rank(number) for number in range(1, 64))),
        wished=(fake_views.curve(),),
        alerts=(*fake_views.failed().alerts, fake_views.stall_finding()),
        system=fake_views.cluster(8),
        recent=(fake_views.log_line(1, 0, "long " * 2000), *fake_views.recent()),
    )
    long = replace(
        fake_diagnosis.hang(), advice=tuple(f"look at thing {number}" for number in range(60))
    )
    made = FakeReader(view, diagnosis=long)
    lines = tuple(
        replace(one, message=f"only {one.text}", stamp=Stamp(1.0)) for one in fake_views.recent(10)
    )
    made.log_screen = LogScreen(lines, 3, files=("debug_rank0.log",))
    return made


def digest(app: Dashboard, of: FakeReader) -> tuple[object, ...]:
    """All that a key may change."""
    return (
        screen(app),
        [type(one) for one in app.screen_stack],
        app.focused,
        app._mouse,
        app.clipboard,
        getattr(of, "edited", None),
        of.diagnosed,
        len(of.log.asked) if hasattr(of, "log") else 0,
        [note.message for note in app._notifications],
    )


async def try_all(app: Dashboard, of: FakeReader, pilot: object, cases: Iterable[Case]) -> None:
    async def press(keys: str) -> None:
        for key in keys.split():
            await pilot.press(key)  # type: ignore[attr-defined]
            await pilot.pause()  # type: ignore[attr-defined]

    for before, key, back in cases:
        await press(before)
        app.clear_notifications()
        app._clipboard, of.edited = "", ("", None)
        was = digest(app, of)
        await press(key)
        assert digest(app, of) != was, f"{key} does nothing"
        await press(back)


@pytest.fixture(autouse=True)
def no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no terminal to be given to an editor."""
    monkeypatch.setattr(Dashboard, "suspend", lambda _: contextlib.nullcontext())


@pytest.mark.parametrize("page", SCREENS, ids=lambda page: page.__name__)
async def test_every_key_of_a_screen(page: type[Page]) -> None:
    number, cases = SCREENS[page]
    of = reader()
    app = dashboard(reader=of)
    async with running(app, 120, 40) as pilot:
        if page is AlertPage:
            app._doctor.begin()
            await until(pilot, lambda: app.desk.diagnosis.found is not None)
        await pilot.press(number)
        await settle(pilot)
        assert isinstance(app._frame.page, page)
        await try_all(app, of, pilot, cases)


async def test_every_key_that_works_everywhere() -> None:
    of = reader()
    app = dashboard(reader=of)
    async with running(app, 120, 40) as pilot:
        await try_all(app, of, pilot, EVERYWHERE)


async def test_every_key_of_a_narrow_terminal() -> None:
    of = reader()
    app = dashboard(reader=of)
    async with running(app, 80, 24) as pilot:
        for number, case in NARROW:
            await pilot.press(number)
            await settle(pilot)
            await try_all(app, of, pilot, [case])


async def test_the_palette_does_what_it_says() -> None:
    app = dashboard(fake_views.healthy())
    async with running(app, 120, 40) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(app.screen, CommandPalette)
        for command in app.get_system_commands(app.screen):
            assert callable(command.callback)
            assert command.help


def test_no_key_is_without_a_test() -> None:
    for page, (_, cases) in SCREENS.items():
        tried = {key for _, key, _ in cases} | {case[1] for _, case in NARROW}
        assert keys_of(page) <= tried
    assert keys_of(Dashboard) - ELSEWHERE <= {key for _, key, _ in EVERYWHERE} | {"f", "space"}


def keys_of(owner: type[Page] | type[Dashboard]) -> set[str]:
    own = [one for one in owner.__dict__.get("BINDINGS", ()) if isinstance(one, Binding)]
    return {key for one in own for key in one.key.split(",")}
