"""`trainwatch demo`: a real small training, watched."""

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainwatch.errors import RunError

if TYPE_CHECKING:
    from trainwatch.runner.launch import Wish

# A person watches for two minutes; a pipe has seen enough after one.
_EPOCHS = {True: 12, False: 4}
_PACE = ("--samples", "480", "--val_samples", "96", "--val_log_interval", "4")
_STEP_DELAY = {True: "0.15", False: "0.1"}
_RECORDING = "demo"


@click.command("demo")
@click.option("--replay", is_flag=True, help="Replay recorded logs even where torch is installed.")
def command(replay: bool) -> None:
    """Watch a real small training: two ranks of DistributedDataParallel on this machine.

    Without torch it replays the logs of such a training in real time. Without a terminal it prints
    plain lines and ends by itself in under two minutes.
    """
    watched = sys.stdin.isatty() and sys.stdout.isatty()
    if replay or find_spec("torch") is None:
        _replay(watched, chosen=replay)
    else:
        _train(watched)


def _train(watched: bool) -> None:
    from trainwatch.cli.run import watch_run  # noqa: PLC0415

    wish = _wish(watched)
    click.echo("Two ranks of a real DDP training start (examples/train_ddp.py) …", err=True)
    if watched:
        watch_run(wish)
    else:
        _train_plainly(wish)


def _train_plainly(wish: "Wish") -> None:
    from trainwatch.cli.attach import follow_plainly  # noqa: PLC0415
    from trainwatch.runner.foreground import conclusion  # noqa: PLC0415
    from trainwatch.runner.launch import launch  # noqa: PLC0415
    from trainwatch.runner.signals import StopSignals  # noqa: PLC0415
    from trainwatch.supervise.process import identify  # noqa: PLC0415

    with StopSignals().installed() as signals:
        run = launch(wish)
        signals.send_to(identify(run.supervisor.pid))
        follow_plainly([run.paths.root])
        code = conclusion(run)
    click.echo(f"The demo ended with exit code {code}; its files are in {run.paths.root}", err=True)
    sys.exit(code)


def _wish(watched: bool) -> "Wish":
    from trainwatch.runner.launch import Wish  # noqa: PLC0415

    name = f"demo-{time.strftime('%Y%m%d-%H%M%S')}"
    run_dir = Path("trainwatch_runs") / name
    script = shipped("examples") / "train_ddp.py"
    launcher = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    options = ("--epochs", str(_EPOCHS[watched]), *_PACE, "--step_delay", _STEP_DELAY[watched])
    # The training writes into the run directory, so that one path holds all there is to see.
    output = ("--output_dir", str(run_dir.absolute() / "training"))
    return Wish(
        command=(sys.executable, *launcher, str(script), *options, *output),
        exp_id=name,
        run_dir=run_dir,
        environment={"OMP_NUM_THREADS": "1"},
    )


def _replay(watched: bool, *, chosen: bool) -> None:
    from trainwatch.cli.attach import follow_plainly, open_dashboard  # noqa: PLC0415
    from trainwatch.cli.replay import Replay  # noqa: PLC0415

    why = "" if chosen else "torch is not installed, so "
    with Replay(shipped("sample_logs") / _RECORDING) as replay:
        click.echo(
            f"{why}this replays recorded logs of a real training in real time "
            f"({replay.seconds:.0f} s).",
            err=True,
        )
        show = open_dashboard if watched else follow_plainly
        show([replay.directory])


def shipped(name: str) -> Path:
    """A directory that travels with the package: inside it, or beside it in a checkout.

    Raises:
        RunError: where it is in neither place.
    """
    package = Path(__file__).resolve().parents[1]
    for place in (package / "_demo" / name, package.parent / name):
        if place.is_dir():
            return place
    raise RunError(f"the directory {name} is missing from this installation; install it again")
