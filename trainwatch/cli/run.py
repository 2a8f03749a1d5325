"""`trainwatch run [OPTIONS] -- COMMAND …`: start a training and stay with it."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainwatch.cli.runconfig import apply_config

if TYPE_CHECKING:
    from trainwatch.runner.launch import Launched, Wish


def _seconds(_ctx: click.Context, _option: click.Parameter, value: float) -> float:
    """A time that passes: finite, 0 or more."""
    if not math.isfinite(value) or value < 0:
        raise click.BadParameter(f"{value} is not a number of seconds, 0 or more.")
    return value


_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([kmgt]?)(?:i?b)?", re.IGNORECASE)
_SMALLEST = 1 << 12


def _size(_ctx: click.Context, _option: click.Parameter, text: str | int) -> int:
    """`200M` in bytes, by powers of 1024; 0 for `0`."""
    found = _SIZE.fullmatch(str(text).strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no size; write it as 500K, 200M or 1G.")
    size = int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " "))
    if 0 < size < _SMALLEST:
        raise click.BadParameter(f"{text} is less than the smallest size, 4K.")
    return size


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
@click.option(
    "--health-time",
    type=float,
    default=300.0,
    show_default=True,
    callback=_seconds,
    metavar="SECONDS",
    help="Health that is asked for at the beginning; else the run is ended with 64. 0: no gate.",
)
@click.option(
    "--max-attempts",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Start it again after a failure, so often in all.",
)
@click.option(
    "--restart-delay",
    type=float,
    default=15.0,
    show_default=True,
    callback=_seconds,
    metavar="SECONDS",
    help="Between two attempts.",
)
@click.option(
    "--until-exists",
    type=click.Path(),
    multiple=True,
    metavar="PATH",
    help="The training is complete when this exists. Repeatable: one of them is enough.",
)
@click.option(
    "--checkpoints",
    type=click.Path(),
    multiple=True,
    metavar="DIR",
    help="Where {checkpoint} is looked for. [default: below the working directory]",
)
@click.option(
    "--then",
    metavar="CMD",
    help="Run this in a shell after success; TRAINWATCH_* variables hold the run's facts.",
)
@click.option("--on-failure", metavar="CMD", help="The same after a failure.")
@click.option(
    "--forward-signal",
    multiple=True,
    type=click.Choice(["SIGUSR1", "SIGUSR2"]),
    help="Pass this signal on to the command. SIGUSR1 to torchrun leaves orphans!",
)
@click.option(
    "--console-limit",
    default="0",
    callback=_size,
    metavar="SIZE",
    help="Cut console.log into pieces of this size, such as 200M or 1G. [default: never]",
)
@click.option(
    "--console-keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove all but so many of the earlier pieces, and say so. [default: keep all]",
)
@click.option(
    "--no-probe", is_flag=True, help="Put no probe into the workers, and take no stacks of a stall."
)
@click.option("--no-report", is_flag=True, help="Write no results at the end.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=True,
    callback=apply_config,
    metavar="FILE",
    help="Configuration; its table [run] holds these options. [default: trainwatch.toml, upward]",
)
@click.option("--no-tui", is_flag=True, help="Pass the output through instead of a dashboard.")
@click.option("--detach", is_flag=True, help="Return at once, printing the run directory.")
@click.argument("training", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
def command(**given: Any) -> None:  # noqa: ANN401 -- click passes one argument an option
    """Start a training, guard it, and show it.

    COMMAND is started as it is, without a shell, in a session of its own that outlives this
    terminal. In a terminal a dashboard opens; leaving it leaves the training alone. Without one
    the training's output passes through to stdout, SIGTERM, SIGINT and SIGHUP end the training,
    and its exit code is returned: 64 when the health gate ended it, 65 when several attempts were
    allowed and the last one failed.

    {checkpoint} in COMMAND is replaced by the newest sound checkpoint; while there is none, the
    argument is left out, and a bare one's option with it.

    \b
    trainwatch run -- torchrun --standalone --nproc-per-node 8 train.py
    trainwatch run --exp-id lr3 --logs logs/ -- bash train.sh
    trainwatch run --max-attempts 5 --until-exists out/model.safetensors -- \\
        torchrun train.py --resume {checkpoint}
    """  # noqa: D301
    from trainwatch.runner.logout import warning  # noqa: PLC0415
    from trainwatch.runner.words import hold_standard_streams, say  # noqa: PLC0415

    hold_standard_streams()
    wish = _wish(given)
    if text := warning():
        say(text)
    if given["detach"]:
        _detached(wish)
    elif given["no_tui"] or not (os.isatty(0) and os.isatty(1)):
        _foreground(wish)
    else:
        watch_run(wish)


def _wish(given: dict[str, Any]) -> Wish:
    from trainwatch.runner.launch import Wish  # noqa: PLC0415
    from trainwatch.supervise.order import Guard, Restarts  # noqa: PLC0415

    config: Path | None = given["config"]
    return Wish(
        command=given["training"],
        exp_id=given["exp_id"],
        run_dir=given["run_dir"],
        logs=given["logs"],
        cwd=given["cwd"],
        environment=given["env"],
        stop_timeout=given["stop_timeout"],
        restarts=Restarts(
            attempts=given["max_attempts"],
            delay=given["restart_delay"],
            until=given["until_exists"],
            checkpoints=given["checkpoints"],
        ),
        guard=Guard(
            health_time=given["health_time"],
            probe=not given["no_probe"],
            sample=True,
            report=not given["no_report"],
            console_limit=given["console_limit"],
            console_keep=given["console_keep"] or 0,
            forward=given["forward_signal"],
            success=given["then"],
            failure=given["on_failure"],
            config=None if config is None else os.path.abspath(config),  # noqa: PTH100
        ),
    )


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

    with StopSignals(wish.guard.forward).installed() as signals:
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
    from trainwatch.supervise.record import guarded, read_record  # noqa: PLC0415

    record = read_record(run.paths.root)
    if record.supervisor.pid != run.supervisor.pid and guarded(record):
        _goes_on(run)  # it was started anew from the dashboard
        return False
    if run.supervisor.poll() is not None or record.ended is not None:
        return True
    if record.stopped:
        say(f"{run.id} is being ended …")
        return True
    _goes_on(run)
    return False


def _goes_on(run: Launched) -> None:
    from trainwatch.runner.words import say  # noqa: PLC0415

    say(f"{run.id} goes on: `trainwatch attach {run.paths.root}` shows it again,")
    say(f"`trainwatch stop {run.paths.root}` ends it.")
    run.let_go()


def _end(run: Launched, code: int) -> None:
    """Says how it ended and exits with the training's code."""
    from trainwatch.runner.foreground import left_running, reason  # noqa: PLC0415
    from trainwatch.runner.words import say  # noqa: PLC0415

    if left_running(run):
        say("the command ended and left processes running in the background: they were ended too;")
        say("a run lasts as long as its command, so let the command wait for its training.")
    if why := reason(run):
        say(f"{why}.")
    say(f"{run.id} ended with exit code {code}; its files are in {run.paths.root}.")
    raise SystemExit(code)
