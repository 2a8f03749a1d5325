"""Values as cells of a table: never a formula, nothing nested."""

import json
from collections.abc import Iterable


def nested(value: object) -> object:
    """A value for one cell: what is nested as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell_text(text: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    cleaned = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return f"'{cleaned}" if cleaned.startswith(_FORMULA) else cleaned


def is_harmless(texts: Iterable[str | None]) -> bool:
    """Whether `cell_text` leaves all of them as they are, if they are ASCII."""
    return {text[:1] for text in texts if text}.isdisjoint(_FORMULA)
