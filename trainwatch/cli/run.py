"""`trainwatch run [OPTIONS] -- COMMAND …`: start a training and stay with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainwatch.cli.runoptions import run_options
from trainwatch.errors import ExitCode

if TYPE_CHECKING:
    from trainwatch.runner.launch import Launched, Wish


@click.command("run", context_settings={"allow_interspersed_args": False})
@run_options
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
    _end(run, code, told=code == ExitCode.GATE_FAILED)


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


def _end(run: Launched, code: int, *, told: bool = False) -> None:
    """Says how it ended, and why unless that was told before, and exits with the training's code."""
    from trainwatch.runner.foreground import reason  # noqa: PLC0415
    from trainwatch.runner.tidings import left_behind  # noqa: PLC0415
    from trainwatch.runner.words import say  # noqa: PLC0415

    for sentence in left_behind(run.paths.events):
        say(sentence)
    if not told and (why := reason(run)):
        say(f"{why}.")
    say(f"{run.id} ended with exit code {code}; its files are in {run.paths.root}.")
    raise SystemExit(code)
