"""The command `trainwatch`: finds the subcommand, and is the only one to say what went wrong."""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from trainwatch import __version__
from trainwatch.errors import ExitCode, TrainwatchError

# Name → what `--help` says; the module of a command is imported when it is called, because
# `trainwatch --help` must answer before pandas or Textual could even be found.
COMMANDS = {
    "run": "Start a training, guard it, and show it.",
    "ps": "List the runs known here.",
    "stop": "Stop a run completely.",
    "attach": "Watch a training live.",
    "diagnose": "Say what is wrong, who, where, why, and what next.",
    "status": "Say once how a training stands.",
    "export": "Write the parsed records as tables.",
    "report": "Write the results: table, summary, draft, page.",
    "formats": "List the known log formats, or test them on a file.",
    "demo": "Watch a real small training.",
}

_INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"trainwatch.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - what a command returns
        """Run the command; a reader of a pipe that has gone (`| head`) is no failure."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # before click, which gives up with 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.OK

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context) -> None:
    from trainwatch.parsing.native import described  # noqa: PLC0415 - only when asked for

    click.echo(f"trainwatch {__version__} ({described})")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=lambda ctx, _, asked: _show_version(ctx) if asked else None,
    help="Show the version, and which engine reads logs.",
)
def root() -> None:
    """Watch distributed PyTorch trainings in the terminal.

    \b
    trainwatch run -- torchrun train.py   start one and watch it
    trainwatch attach logs/               watch one that runs
    trainwatch diagnose logs/             who hangs or failed, and why
    trainwatch status logs/               one snapshot
    """  # noqa: D301 - \b keeps click from joining the lines


def collect_seldom() -> None:
    """Let Python look for cycles of garbage less often.

    A state of thousands of ranks is walked through again and again, and holds hardly any: of the parse
    of 4,096 files that took a quarter.
    """
    gc.set_threshold(50_000, 20, 100)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; no traceback of an expected failure reaches the user."""
    collect_seldom()
    try:
        code = root.main(arguments, prog_name="trainwatch", standalone_mode=False)
    except click.exceptions.Abort:
        code = _INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except TrainwatchError as error:
        click.echo(f"trainwatch: {error}", err=True)
        code = error.exit_code
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"trainwatch: {where}{error.strerror}", err=True)
        code = ExitCode.PROBLEM
    sys.exit(int(code or 0))
