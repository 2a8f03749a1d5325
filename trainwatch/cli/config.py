"""Reads `trainwatch.toml`: thresholds of the detectors."""

import math
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from trainwatch.errors import UsageError
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
    chosen = path or _nearest()
    if chosen is None:
        return Config()
    document = _parse(chosen)
    known = {"health", "stall"}
    for name in document:
        if name not in known:
            raise UsageError(f"{chosen}: unknown table [{name}]; known are [health] and [stall]")
    return Config(
        health=_table(chosen, "health", document.get("health", {}), HealthConfig),
        stall=_table(chosen, "stall", document.get("stall", {}), StallConfig),
    )


def _nearest() -> Path | None:
    try:
        return find_config(Path.cwd())
    except OSError:  # the working directory was deleted
        return None


def _parse(path: Path) -> dict[str, Any]:
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
            raise UsageError(f"{path}: unknown key {name}.{key}; known are {names}")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf:
            raise UsageError(f"{path}: {name}.{key} = {value!r} must be a number, 0 or more")
        if key == "quantile" and value > 1:
            raise UsageError(f"{path}: {name}.{key} = {value!r} must lie between 0 and 1")
        if isinstance(known[key].default, int) and not isinstance(value, int):
            raise UsageError(f"{path}: {name}.{key} = {value!r} must be a whole number")
    return kind(**given)
