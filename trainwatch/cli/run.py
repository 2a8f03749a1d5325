"""`trainwatch run [OPTIONS] -- COMMAND …`: start a training and stay with it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainwatch.runner.launch import Launched, Wish


def _seconds(_ctx: click.Context, _option: click.Parameter, value: float) -> float:
    """A time that passes: finite, 0 or more."""
    if not math.isfinite(value) or value < 0:
        raise click.BadParameter(f"{value} is not a number of seconds, 0 or more.")
    return value


def _entries(
    _ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """`NAME=VALUE` as a mapping."""
    for value in values:
        if "=" not in value[1:]:
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE.")
    return dict(value.split("=", 1) for value in values)


@click.command("run", context_settings={"allow_interspersed_args": False})
@click.option("--exp-id", metavar="ID", help="Id of the experiment. [default: script and time]")
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the run's files go. [default: trainwatch_runs/ID]",
)
@click.option(
    "--logs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="A further log, or a directory of logs, of the training. Repeatable.",
)
@click.option(
    "--stop-timeout",
    type=float,
    default=30.0,
    show_default=True,
    callback=_seconds,
    metavar="SECONDS",
    help="From SIGTERM to SIGKILL when the run is ended.",
)
@click.option(
    "--cwd", type=click.Path(path_type=Path), metavar="DIR", help="Start the command there."
)
@click.option(
    "--env",
    multiple=True,
    callback=_entries,
    metavar="K=V",
    help="Add a variable to its environment. Repeatable.",
)
@click.option("--no-tui", is_flag=True, help="Pass the output through instead of a dashboard.")
@click.option("--detach", is_flag=True, help="Return at once, printing the run directory.")
@click.argument("training", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def command(  # noqa: PLR0913, PLR0917 -- click passes one argument an option
    exp_id: str | None,
    run_dir: Path | None,
    logs: tuple[Path, ...],
    stop_timeout: float,
    cwd: Path | None,
    env: dict[str, str],
    no_tui: bool,
    detach: bool,
    training: tuple[str, ...],
) -> None:
    """Start a training, guard it, and show it.

    COMMAND is started as it is, without a shell, in a session of its own that outlives this
    terminal. In a terminal a dashboard opens; leaving it leaves the training alone. Without one
    the training's output passes through to stdout, SIGTERM, SIGINT and SIGHUP end the training,
    and its exit code is returned.

    \b
    trainwatch run -- torchrun --standalone --nproc-per-node 8 train.py
    trainwatch run --exp-id lr3 --logs logs/ -- bash train.sh
    """  # noqa: D301
    from trainwatch.runner.launch import Wish  # noqa: PLC0415
    from trainwatch.runner.logout import warning  # noqa: PLC0415
    from trainwatch.runner.words import hold_standard_streams, say  # noqa: PLC0415

    hold_standard_streams()
    wish = Wish(
        command=training,
        exp_id=exp_id,
        run_dir=run_dir,
        logs=logs,
        cwd=cwd,
        environment=env,
        stop_timeout=stop_timeout,
    )
    if text := warning():
        say(text)
    if detach:
        _detached(wish)
    elif no_tui or not (os.isatty(0) and os.isatty(1)):
        _foreground(wish)
    else:
        watch_run(wish)


def _start(wish: Wish) -> Launched:
    from trainwatch.runner.launch import launch  # noqa: PLC0415
    from trainwatch.runner.words import say  # noqa: PLC0415

    run = launch(wish)
    if run.kept:
        say(f"the earlier run of this name is kept in {run.kept}.")
    say(f"{run.id} runs as process {run.launcher}; its files are in {run.paths.root}.")
    return run


def _detached(wish: Wish) -> None:
    run = _start(wish)
    run.let_go()
    # As bytes: the name of a directory need not be text.
    click.echo(os.fsencode(run.paths.root))


def _foreground(wish: Wish) -> None:
    from trainwatch.runner.foreground import stay  # noqa: PLC0415
    from trainwatch.runner.signals import StopSignals  # noqa: PLC0415
    from trainwatch.runner.words import say  # noqa: PLC0415

    with StopSignals().installed() as signals:
        run = _start(wish)
        code = stay(run, signals, say)
    _end(run, code)


def watch_run(wish: Wish) -> None:
    """Start a training and show it until the user leaves; exits with its code once it has ended."""
    from trainwatch.cli.attach import open_dashboard  # noqa: PLC0415

    run = _start(wish)
    try:
        open_dashboard([run.paths.root])
    finally:
        over = _over(run)
    if over:
        from trainwatch.runner.foreground import conclusion  # noqa: PLC0415

        _end(run, conclusion(run))


def _over(run: Launched) -> bool:
    """Whether the run has ended or was asked to; says how to go on where it was not."""
    from trainwatch.runner.words import say  # noqa: PLC0415
    from trainwatch.supervise.record import read_record  # noqa: PLC0415

    record = read_record(run.paths.root)
    if run.supervisor.poll() is not None or record.ended is not None:
        return True
    if record.stopped:
        say(f"{run.id} is being ended …")
        return True
    say(f"{run.id} goes on: `trainwatch attach {run.paths.root}` shows it again,")
    say(f"`trainwatch stop {run.paths.root}` ends it.")
    run.let_go()
    return False


def _end(run: Launched, code: int) -> None:
    """Says how it ended and exits with the training's code."""
    from trainwatch.runner.foreground import left_running  # noqa: PLC0415
    from trainwatch.runner.words import say  # noqa: PLC0415

    if left_running(run):
        say("the command ended and left processes running in the background: they were ended too;")
        say("a run lasts as long as its command, so let the command wait for its training.")
    say(f"{run.id} ended with exit code {code}; its files are in {run.paths.root}.")
    raise SystemExit(code)
