"""Colours: legible everywhere, and never the only carrier of a meaning."""

import pytest
from rich.color import Color
from rich.style import Style

from tests.tui import fake_views
from tests.tui.helpers import dashboard, running, screen
from trainwatch.events import Phase, Severity
from trainwatch.model.snapshot import RankStatus
from trainwatch.tui.draw.line import Tone
from trainwatch.tui.draw.states import PHASES, SEVERITIES, STATES
from trainwatch.tui.theme import DARK, SIXTEEN, THEME, fitting, palette


def luminance(color: Color) -> float:
    parts = [part / 255 for part in color.get_truecolor()]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    one, two = sorted((luminance(style.color), luminance(style.bgcolor)))
    return (two + 0.05) / (one + 0.05)


@pytest.mark.parametrize("tone", [tone for tone in Tone if tone not in {Tone.RULE, Tone.REST}])
def test_the_dark_theme_is_legible(tone: Tone) -> None:
    base = Style.parse(f"{THEME.foreground} on {THEME.background}")
    assert contrast(palette(ansi=False, base=base)[tone]) >= 4.5


def test_sixteen_colours_are_the_terminals_own() -> None:
    for style in palette(ansi=True, base=Style()).values():
        assert style.color is None or style.color.number is not None
        assert style.color is None or style.color.number < 16
        assert style.bgcolor is None


def test_letters_are_told_apart_without_colour() -> None:
    letters = [sign.letter for state, sign in STATES.items() if state is not RankStatus.ACTIVE]
    letters += [sign.letter for phase, sign in PHASES.items() if phase is not Phase.FINISHED]
    assert len(set(letters)) == len(letters)
    assert set(STATES) == set(RankStatus)
    assert set(PHASES) == set(Phase)
    assert set(SEVERITIES) == set(Severity)


@pytest.mark.parametrize(
    ("system", "no_color", "theme"),
    [
        ("truecolor", False, DARK),
        ("256", False, DARK),
        ("standard", False, SIXTEEN),
        (None, False, SIXTEEN),
        ("truecolor", True, SIXTEEN),
    ],
)
def test_the_theme_fits_the_terminal(system: str | None, no_color: bool, theme: str) -> None:
    assert fitting(system, no_color=no_color) == theme


async def test_no_color_leaves_no_colour_but_all_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = dashboard(fake_views.stalled(), theme=SIXTEEN)
    async with running(app, 120, 40):
        shown = screen(app)
        filtered = [
            segment.style
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None
        ]
    assert "STALLED" in shown
    assert all(style.color is None or style.color.is_default for style in filtered)
    assert all(style.bgcolor is None or style.bgcolor.is_default for style in filtered)


async def test_another_theme_repaints() -> None:
    app = dashboard(fake_views.stalled())
    async with running(app, 120, 40) as pilot:
        before = screen(app)
        app.theme = SIXTEEN
        await pilot.pause()
        assert screen(app) == before
