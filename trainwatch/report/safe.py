"""Makes untrusted text harmless: no control, escape, bidirectional or invisible characters."""

import unicodedata

_REPLACED = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_ZERO_WIDTH_JOINERS = {"\ufe0f"}  # the emoji variation selector is part of ordinary log lines


def safe_text(text: str) -> str:
    """The text with every character that could act on a terminal shown as a replacement mark.

    A tab becomes one space; nothing else is added or removed.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_safe, text))


def _safe(character: str) -> str:
    if character == "\t":
        return " "
    if character in _ZERO_WIDTH_JOINERS:
        return character
    return "\ufffd" if unicodedata.category(character) in _REPLACED else character
