"""`trainwatch diagnose`: what is wrong, who, where, why, what next."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainwatch.cli.options import Selection, reading
from trainwatch.errors import ExitCode

if TYPE_CHECKING:
    from trainwatch.cli.stacks import Looked


@click.command("diagnose")
@reading
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--logs-only", is_flag=True, help="Look at no process.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.tar.gz",
    help="Also collect what one would attach to a bug report; secrets are removed.",
)
def command(selection: Selection, as_json: bool, logs_only: bool, bundle: Path | None) -> int:
    """Say what is wrong with a training, who, where, why, and what next.

    Reads everything, dead or alive; of a training that runs on this machine it also looks at the
    processes, twice within seconds. Exit code: 0 healthy, starting or finished; 1 anything else,
    also where the logs do not decide; 3 nothing to read.
    """
    from trainwatch.cli.diagnosing import diagnose_now, is_fine  # noqa: PLC0415 - brings every signature

    seen: list[Looked] = []
    found = diagnose_now(selection.paths, selection, live=not logs_only, on_look=seen.append)
    if as_json:
        import json  # noqa: PLC0415

        from trainwatch.report.diagnosis import diagnosis_document  # noqa: PLC0415

        click.echo(json.dumps(diagnosis_document(found, selection.wants), indent=1))
    else:
        from rich.console import Console  # noqa: PLC0415

        from trainwatch.report.diagnosis_text import print_diagnosis  # noqa: PLC0415

        print_diagnosis(found, Console(markup=False, highlight=False, emoji=False), selection.wants)
    if bundle is not None:
        from trainwatch.cli.bundle import write_bundle  # noqa: PLC0415
        from trainwatch.cli.paths import chosen_paths  # noqa: PLC0415

        # A run keeps what was seen in its own directory, which is collected.
        stacks = next((one.document for one in seen if one.run is None), None)
        words = write_bundle(bundle, chosen_paths(selection.paths), found, stacks)
        click.echo(f"trainwatch: {words}", err=True)
    return ExitCode.OK if is_fine(found) else ExitCode.PROBLEM
