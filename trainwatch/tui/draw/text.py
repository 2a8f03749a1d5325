r"""Untrusted text made harmless: what may reach a terminal, and how wide it is there.

Log lines, file names, metric names and ids come from others. What could move the cursor, colour,
reorder or hide text is shown as an escape (`\x1b`, `\u202e`); what remains stands in cells that
every terminal counts alike.
"""

import re
import unicodedata

from rich.cells import cell_len, set_cell_size

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
"""Colour codes say nothing that the text does not; they go without a trace."""

_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0]")
"""Letters by category, but invisible: fillers and joiners."""

_PRESENTATION = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]")
"""They change the looks, and in some terminals the width, of the character before."""

_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")
_PILED_MARKS = 2
_TAB = 4
_NAMED = {"\n": "\\n", "\r": "\\r"}


def safe_text(text: str) -> str:
    """The text with nothing left in it that a terminal would obey."""
    if text.isascii() and text.isprintable():
        return text
    text = _COLOUR.sub("", text).expandtabs(_TAB)
    if not text.isascii():
        text = _even(text)
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _shown(character) for character in text
    )


def _even(text: str) -> str:
    """Gives each character a width of its own: terminals disagree on those that join."""
    text = _PRESENTATION.sub("", unicodedata.normalize("NFC", text))
    text = _FLAG_LETTER.sub(lambda match: chr(ord(match[0]) - 0x1F1E6 + ord("A")), text)
    text = _UNSEEN.sub(lambda match: _escape(match[0]), text)
    return _without_piles(text)


def _without_piles(text: str) -> str:
    """Keeps at most two marks on a letter: a pile of them covers the lines above."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _PILED_MARKS:
            kept.append(character)
    return "".join(kept)


def _shown(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " " * cell_len(character)
    return _NAMED.get(character) or _escape(character)


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def width(text: str) -> int:
    """Cells that a safe text takes."""
    return cell_len(text)


def cut(text: str, cells: int) -> str:
    """The text in at most so many cells; an ellipsis says that something is missing."""
    if cells <= 0:
        return ""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1) + "…"
