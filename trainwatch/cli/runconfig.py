"""The table `[run]` of the configuration: the options of `trainwatch run` under the same names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from trainwatch.errors import UsageError


def apply_config(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Give the options the defaults of a file; what stands on the command line goes before.

    Returns:
        The file, found upward of the working directory where none was named.
    """
    del option
    from trainwatch.cli.config import nearest_config, parse_config  # noqa: PLC0415

    chosen = path or nearest_config()
    if chosen is None:
        return None
    table = parse_config(chosen).get("run", {})
    if not isinstance(table, dict):
        raise UsageError(f"{chosen}: run must be a table; write [run] above its keys")
    context.default_map = _defaults(chosen, table, context.command.params)
    return chosen


def _defaults(
    path: Path, table: Mapping[str, Any], parameters: list[click.Parameter]
) -> dict[str, Any]:
    options = {one.name: one for one in parameters if isinstance(one, click.Option)}
    options.pop("config", None)
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        option = options.get(key.replace("-", "_"))
        if option is None or option.name is None:
            names = ", ".join(name.replace("_", "-") for name in options if name)
            raise UsageError(f"{path}: unknown key run.{key}; known are {names}")
        defaults[option.name] = _value(path, key, option, value)
    return defaults


def _value(path: Path, key: str, option: click.Option, value: Any) -> Any:  # noqa: ANN401 - TOML
    if option.name == "env":
        if not isinstance(value, dict):
            raise UsageError(f'{path}: run.env must be a table, such as {{ NAME = "value" }}')
        return [f"{name}={text}" for name, text in value.items()]
    if isinstance(value, dict) or (isinstance(value, list) and not option.multiple):
        raise UsageError(f"{path}: run.{key} must be one value")
    if option.is_flag and not isinstance(value, bool):
        raise UsageError(f"{path}: run.{key} = {value!r} must be true or false")
    if not isinstance(option.type, click.Path):
        return [value] if option.multiple and not isinstance(value, list) else value
    # A path in a file is meant from where the file is.
    values = value if isinstance(value, list) else [value]
    found = [os.path.join(os.path.abspath(path.parent), str(one)) for one in values]  # noqa: PTH100, PTH118
    return found if option.multiple else found[0]
