"""Colours: a dark theme, a light one, and one for terminals that have only sixteen.

All give every `Tone` a look. The last uses the terminal's own colours and never grey on grey,
so it is legible wherever the shell prompt is; it also serves `NO_COLOR`, where bold, dim and
reverse are what is left.
"""

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.theme import Theme

from trainwatch.tui.draw.line import Tone

DARK = "trainwatch-dark"
LIGHT = "trainwatch-light"
SIXTEEN = "ansi-dark"
"""Textual's own: it sets only the terminal's colours."""

_DARK_TONES = {
    Tone.PLAIN: "#c9d1d9",
    Tone.DIM: "#8b949e",
    Tone.STRONG: "bold #f0f6fc",
    Tone.RULE: "#444c56",
    Tone.HEAD: "bold #9fb3c8",
    Tone.FOCUS: "bold #ffffff",
    Tone.KEY: "bold #79c0ff",
    Tone.GOOD: "#56d364",
    Tone.NOTE: "#79c0ff",
    Tone.WARN: "#e3b341",
    Tone.BAD: "bold #ff7b72",
    Tone.CURVE: "#58a6ff",
    Tone.BAR: "#58a6ff",
    Tone.REST: "#444c56",
    Tone.PILL_GOOD: "bold #0d1117 on #56d364",
    Tone.PILL_NOTE: "bold #0d1117 on #79c0ff",
    Tone.PILL_WARN: "bold #0d1117 on #e3b341",
    Tone.PILL_BAD: "bold #0d1117 on #ff7b72",
}

_LIGHT_TONES = {
    Tone.PLAIN: "#24292f",
    Tone.DIM: "#57606a",
    Tone.STRONG: "bold #0b0f14",
    Tone.RULE: "#b1bac4",
    Tone.HEAD: "bold #33475b",
    Tone.FOCUS: "bold #000000",
    Tone.KEY: "bold #0550ae",
    Tone.GOOD: "#116329",
    Tone.NOTE: "#0550ae",
    Tone.WARN: "#7d4e00",
    Tone.BAD: "bold #a40e26",
    Tone.CURVE: "#0969da",
    Tone.BAR: "#0969da",
    Tone.REST: "#b1bac4",
    Tone.PILL_GOOD: "bold #ffffff on #116329",
    Tone.PILL_NOTE: "bold #ffffff on #0550ae",
    Tone.PILL_WARN: "bold #ffffff on #7d4e00",
    Tone.PILL_BAD: "bold #ffffff on #a40e26",
}

_SIXTEEN_TONES = {
    Tone.PLAIN: "",
    Tone.DIM: "dim",
    Tone.STRONG: "bold",
    Tone.RULE: "dim",
    Tone.HEAD: "bold",
    Tone.FOCUS: "bold",
    Tone.KEY: "bold",
    Tone.GOOD: "green",
    Tone.NOTE: "cyan",
    Tone.WARN: "yellow",
    Tone.BAD: "bold bright_red",
    Tone.CURVE: "cyan",
    Tone.BAR: "cyan",
    Tone.REST: "dim",
    Tone.PILL_GOOD: "bold reverse green",
    Tone.PILL_NOTE: "bold reverse cyan",
    Tone.PILL_WARN: "bold reverse yellow",
    Tone.PILL_BAD: "bold reverse bright_red",
}

THEME = Theme(
    name=DARK,
    dark=True,
    primary="#58a6ff",
    secondary="#79c0ff",
    accent="#79c0ff",
    foreground="#c9d1d9",
    background="#0d1117",
    surface="#161b22",
    panel="#161b22",
    success="#56d364",
    warning="#e3b341",
    error="#ff7b72",
    variables={
        "scrollbar": "#444c56",
        "scrollbar-hover": "#58a6ff",
        "scrollbar-active": "#58a6ff",
        "scrollbar-background": "#0d1117",
        "scrollbar-background-hover": "#0d1117",
        "scrollbar-background-active": "#0d1117",
    },
)


LIGHT_THEME = Theme(
    name=LIGHT,
    dark=False,
    primary="#0969da",
    secondary="#0550ae",
    accent="#0550ae",
    foreground="#24292f",
    background="#ffffff",
    surface="#f0f3f6",
    panel="#f0f3f6",
    success="#116329",
    warning="#7d4e00",
    error="#a40e26",
    variables={
        "scrollbar": "#b1bac4",
        "scrollbar-hover": "#0969da",
        "scrollbar-active": "#0969da",
        "scrollbar-background": "#ffffff",
        "scrollbar-background-hover": "#ffffff",
        "scrollbar-background-active": "#ffffff",
    },
)


def fitting(color_system: str | None, *, no_color: bool, ground: str = "") -> str:
    """The theme for a terminal, from what Rich found out about it.

    Args:
        color_system: As Rich names it.
        no_color: Whether the user wants none.
        ground: `COLORFGBG`, by which some terminals tell their colours.
    """
    if no_color or color_system in {None, "standard"}:
        return SIXTEEN
    return LIGHT if ground.rpartition(";")[2] in {"7", "15"} else DARK


@lru_cache
def palette(*, ansi: bool, base: Style, light: bool = False) -> Mapping[Tone, Style]:
    """Every tone as a style on a widget's own colours."""
    tones = _SIXTEEN_TONES if ansi else _LIGHT_TONES if light else _DARK_TONES
    return {tone: base + Style.parse(look) for tone, look in tones.items()}
