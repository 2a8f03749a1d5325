"""`trainwatch status`: one snapshot."""

from typing import TYPE_CHECKING

import click

from trainwatch.cli.options import Selection, reading
from trainwatch.errors import ExitCode

if TYPE_CHECKING:
    from trainwatch.model.snapshot import RunView


@click.command("status")
@reading
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(selection: Selection, as_json: bool) -> int:
    """Say once how a training stands.

    Reads everything. Exit code: 0 healthy, starting or finished; 1 anything else, also where the
    logs do not decide; 3 nothing to read.
    """
    from trainwatch.cli.reading import (  # noqa: PLC0415 - brings all that reading needs
        chosen_paths,
        read_all,
    )
    from trainwatch.cli.saves import saves_of  # noqa: PLC0415

    read = read_all(selection)
    read.engine.saves = saves_of(chosen_paths(selection.paths), read.engine.info)
    view = read.engine.snapshot(problems=read.problems)
    if as_json:
        import json  # noqa: PLC0415

        from trainwatch.report.status import status_document  # noqa: PLC0415

        click.echo(json.dumps(status_document(view, selection.wants), indent=1))
    else:
        from rich.console import Console  # noqa: PLC0415

        from trainwatch.report.summary import print_status  # noqa: PLC0415

        print_status(view, Console(markup=False, highlight=False, emoji=False), selection.wants)
    return exit_code(view)


def exit_code(view: "RunView") -> int:
    """0 where all is well, 1 where it is not or is not known."""
    from trainwatch.model.snapshot import Health, Status  # noqa: PLC0415

    fine = (
        view.status in (Status.RUNNING, Status.STARTING, Status.COMPLETED)
        and view.health is not Health.CRITICAL
    )
    return ExitCode.OK if fine else ExitCode.PROBLEM
