"""The options of `trainwatch run`, and the kinds of values that they take."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from trainwatch.cli.runconfig import apply_config

Command = Callable[..., Any]

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kmgt]?)(?:i?b)?", re.IGNORECASE)
_SMALLEST = 1 << 12


def _as_seconds(_ctx: click.Context, _option: click.Parameter, value: object) -> float:
    """A time that passes: finite, 0 or more."""
    try:
        seconds = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        raise click.BadParameter(f"{value} is not a number of seconds, 0 or more.")
    return seconds


def _as_size(_ctx: click.Context, _option: click.Parameter, value: object) -> int:
    """`200M` in bytes, by powers of 1024; 0 for `0`."""
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise click.BadParameter(f"{value!r} is no size; write it as 500K, 200M or 1G.")
    size = int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))
    if 0 < size < _SMALLEST:
        raise click.BadParameter(f"{value} is less than the smallest size, 4K.")
    return size


def _entries(
    _ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """`NAME=VALUE` as a mapping."""
    for value in values:
        if "=" not in value[1:]:
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE.")
    return dict(value.split("=", 1) for value in values)


def _option(
    name: str,
    metavar: str,
    text: str,
    **more: Any,  # noqa: ANN401 - as click takes it
) -> Callable[[Command], Command]:
    return click.option(name, metavar=metavar, help=text, **more)


def _seconds(name: str, default: float, text: str) -> Callable[[Command], Command]:
    return _option(
        name,
        "SECONDS",
        text,
        type=click.UNPROCESSED,
        callback=_as_seconds,
        default=default,
        show_default=True,
    )


def _several(
    name: str,
    metavar: str,
    text: str,
    **more: Any,  # noqa: ANN401 - likewise
) -> Callable[[Command], Command]:
    return _option(name, metavar, text, multiple=True, **more)


_PATH = {"type": click.Path(path_type=Path)}

OPTIONS: Sequence[Callable[[Command], Command]] = (
    _option("--exp-id", "ID", "Id of the experiment. [default: script and time]"),
    _option("--run-dir", "DIR", "Where the run's files go. [default: trainwatch_runs/ID]", **_PATH),
    _several(
        "--logs",
        "PATH",
        "A further log, or a directory of logs, of the training. Repeatable.",
        **_PATH,
    ),
    _seconds("--stop-timeout", 30.0, "From SIGTERM to SIGKILL when the run is ended."),
    _option("--cwd", "DIR", "Start the command there.", **_PATH),
    _several("--env", "K=V", "Add a variable to its environment. Repeatable.", callback=_entries),
    _seconds(
        "--health-time",
        300.0,
        "Health that is asked for at the beginning; else the run is ended with 64. 0: no gate.",
    ),
    _option(
        "--max-attempts",
        "N",
        "Start it again after a failure, so often in all.",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
    ),
    _seconds("--restart-delay", 15.0, "Between two attempts."),
    _several(
        "--until-exists",
        "PATH",
        "The training is complete when this exists. Repeatable: one of them is enough.",
        type=click.Path(),
    ),
    _several(
        "--checkpoints",
        "DIR",
        "Where {checkpoint} is looked for. [default: below the working directory]",
        type=click.Path(),
    ),
    _option(
        "--then",
        "CMD",
        "Run this in a shell after success; TRAINWATCH_* variables hold the run's facts.",
    ),
    _option("--on-failure", "CMD", "The same after a failure."),
    click.option(
        "--forward-signal",
        multiple=True,
        type=click.Choice(["SIGUSR1", "SIGUSR2"]),
        help="Pass this signal on to the command. SIGUSR1 to torchrun leaves orphans!",
    ),
    _option(
        "--console-limit",
        "SIZE",
        "Cut console.log into pieces of this size, such as 200M or 1G. [default: never]",
        type=click.UNPROCESSED,
        callback=_as_size,
        default="0",
    ),
    _option(
        "--console-keep",
        "N",
        "Remove all but so many of the earlier pieces, and say so. [default: keep all]",
        type=click.IntRange(min=1),
    ),
    click.option(
        "--no-probe",
        is_flag=True,
        help="Put no probe into the workers, and take no stacks of a stall.",
    ),
    click.option("--no-report", is_flag=True, help="Write no results at the end."),
    _option(
        "--config",
        "FILE",
        "Configuration; its table [run] holds these options. [default: trainwatch.toml, upward]",
        is_eager=True,
        callback=apply_config,
        **_PATH,
    ),
    click.option("--no-tui", is_flag=True, help="Pass the output through instead of a dashboard."),
    click.option("--detach", is_flag=True, help="Return at once, printing the run directory."),
)


def run_options(command: Command) -> Command:
    """Add them all to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
