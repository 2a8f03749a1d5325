"""Reads `trainwatch.toml`: thresholds of the detectors, and log formats of the user."""

import math
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from trainwatch.errors import UsageError
from trainwatch.formats import Dialect
from trainwatch.health.config import Config, HealthConfig, StallConfig

NAME = "trainwatch.toml"
Table = TypeVar("Table", HealthConfig, StallConfig)


def find_config(start: Path) -> Path | None:
    """The nearest `trainwatch.toml` in a directory or one above it."""
    for directory in (start, *start.parents):
        candidate = directory / NAME
        if candidate.is_file():
            return candidate
    return None


def load_config(path: Path | None) -> Config:
    """The configuration of a file, or of the nearest one, or the defaults.

    Raises:
        UsageError: naming file, line or key, and the remedy.
    """
    chosen = path or nearest_config()
    if chosen is None:
        return Config()
    document = parse_config(chosen)
    known = ("health", "stall", "formats", "run")
    for name in document:
        if name not in known:
            names = ", ".join(f"[{table}]" for table in known)
            raise UsageError(f"{chosen}: unknown table [{name}]; known are {names}")
    return Config(
        health=_table(chosen, "health", document.get("health", {}), HealthConfig),
        stall=_table(chosen, "stall", document.get("stall", {}), StallConfig),
        dialects=_own_formats(chosen, document) if "formats" in document else (),
    )


def _own_formats(path: Path, document: dict[str, Any]) -> tuple[Dialect, ...]:
    from trainwatch.formats import DIALECTS  # noqa: PLC0415 - only where somebody has formats
    from trainwatch.formats.own import RefusedError, own_dialects  # noqa: PLC0415
    from trainwatch.parsing.compiled import fits  # noqa: PLC0415

    try:
        taken = {"general", *(known.name for known in DIALECTS)}
        return own_dialects(document["formats"], taken, fits)
    except RefusedError as refusal:
        line = line_of(path.read_text(encoding="utf-8"), refusal.place)
        raise UsageError(f"{path}, line {line}: {refusal}") from None


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line of a TOML document on which a value begins.

    tomllib does not say. The value is there from the first beginning of the document that can be
    parsed and holds it; the statement began behind the beginning before that.
    """
    lines = text.splitlines(keepends=True)
    before = 0
    for end in range(1, len(lines) + 1):
        try:
            found = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(found, place):
            break
        before = end
    return before + 1


def _at(path: Path, *place: str) -> str:
    return f"{path}, line {line_of(path.read_text(encoding='utf-8'), place)}"


def _holds(value: Any, place: Sequence[str | int]) -> bool:  # noqa: ANN401 - TOML
    for key in place:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def nearest_config() -> Path | None:
    try:
        return find_config(Path.cwd())
    except OSError:  # the working directory was deleted
        return None


def parse_config(path: Path) -> dict[str, Any]:
    """The document in a file; raises UsageError, naming file and line."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; check --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None


def _table(path: Path, name: str, given: Any, kind: type[Table]) -> Table:  # noqa: ANN401 - TOML
    if not isinstance(given, dict):
        raise UsageError(f"{path}: {name} must be a table; write [{name}] above its keys")
    known = {field.name: field for field in fields(kind)}
    for key, value in given.items():
        if key not in known:
            names = ", ".join(known)
            where = _at(path, name, key)
            raise UsageError(f"{where}: unknown key {name}.{key}; known are {names}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf:
            where = _at(path, name, key)
            raise UsageError(f"{where}: {name}.{key} = {value!r} must be a number, 0 or more")
        if key == "quantile" and value > 1:
            where = _at(path, name, key)
            raise UsageError(f"{where}: {name}.{key} = {value!r} must lie between 0 and 1")
        if isinstance(known[key].default, int) and not isinstance(value, int):
            where = _at(path, name, key)
            raise UsageError(f"{where}: {name}.{key} = {value!r} must be a whole number")
    return kind(**given)
