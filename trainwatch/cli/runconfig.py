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
    from trainwatch.cli.config import load_config, nearest_config, parse_config  # noqa: PLC0415

    chosen = path or nearest_config()
    if chosen is None:
        return None
    load_config(chosen)  # what the gate will read is wrong now, or never
    table = parse_config(chosen).get("run", {})
    if not isinstance(table, dict):
        raise UsageError(f"{chosen}: run must be a table; write [run] above its keys")
    context.default_map = _defaults(context, chosen, table)
    return chosen


def _defaults(context: click.Context, path: Path, table: Mapping[str, Any]) -> dict[str, Any]:
    parameters = context.command.params
    options = {one.name: one for one in parameters if isinstance(one, click.Option)}
    options.pop("config", None)
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        option = options.get(key.replace("-", "_"))
        if option is None or option.name is None:
            names = ", ".join(name.replace("_", "-") for name in options if name)
            raise UsageError(f"{_place(path, key)}: unknown key run.{key}; known are {names}")
        found = _value(path, key, option, value)
        try:
            option.process_value(context, found)
        except click.BadParameter as error:
            raise UsageError(f"{_place(path, key)}: run.{key}: {error.message}") from None
        defaults[option.name] = found
    return defaults


def _place(path: Path, key: str) -> str:
    from trainwatch.cli.config import line_of  # noqa: PLC0415

    return f"{path}, line {line_of(path.read_text(encoding='utf-8'), ('run', key))}"


def _value(path: Path, key: str, option: click.Option, value: Any) -> Any:  # noqa: ANN401 - TOML
    if option.name == "env":
        if not isinstance(value, dict):
            where = _place(path, key)
            raise UsageError(f'{where}: run.env must be a table, such as {{ NAME = "value" }}')
        if any(isinstance(text, bool | list | dict) for text in value.values()):
            raise UsageError(f"{_place(path, key)}: the values of run.env must be words or numbers")
        return [f"{name}={text}" for name, text in value.items()]
    if isinstance(value, dict) or (isinstance(value, list) and not option.multiple):
        raise UsageError(f"{_place(path, key)}: run.{key} must be one value")
    if option.is_flag and not isinstance(value, bool):
        raise UsageError(f"{_place(path, key)}: run.{key} = {value!r} must be true or false")
    if isinstance(value, bool) and not option.is_flag:
        raise UsageError(f"{_place(path, key)}: run.{key} must be a value, not true or false")
    if not isinstance(option.type, click.Path):
        return [value] if option.multiple and not isinstance(value, list) else value
    # A path in a file is meant from where the file is.
    values = value if isinstance(value, list) else [value]
    found = [os.path.join(os.path.abspath(path.parent), str(one)) for one in values]  # noqa: PTH100, PTH118
    return found if option.multiple else found[0]
