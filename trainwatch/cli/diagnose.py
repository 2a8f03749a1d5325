"""`trainwatch diagnose`: what is wrong, who, where, why, what next."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from trainwatch.cli.evidence import gather_files
from trainwatch.cli.options import Selection, reading
from trainwatch.cli.reading import chosen_paths, local_offset, read_all, run_info
from trainwatch.cli.stacks import look, stored
from trainwatch.diagnose import Diagnosis, Gathering, Verdict, diagnose
from trainwatch.errors import ExitCode
from trainwatch.model.moments import Viewpoint

_FINE = (Verdict.HEALTHY, Verdict.FINISHED)


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
    found = diagnose_now(selection.paths, selection, live=not logs_only)
    if as_json:
        from trainwatch.report.diagnosis import diagnosis_document  # noqa: PLC0415

        click.echo(json.dumps(diagnosis_document(found, selection.wants), indent=1))
    else:
        from rich.console import Console  # noqa: PLC0415

        from trainwatch.report.diagnosis_text import print_diagnosis  # noqa: PLC0415

        print_diagnosis(found, Console(markup=False, highlight=False, emoji=False), selection.wants)
    if bundle is not None:
        from trainwatch.cli.bundle import write_bundle  # noqa: PLC0415

        words = write_bundle(bundle, chosen_paths(selection.paths), found)
        click.echo(f"trainwatch: {words}", err=True)
    return ExitCode.OK if found.verdict in _FINE else ExitCode.PROBLEM


def diagnose_now(paths: Sequence[str | Path], selection: Selection, *, live: bool) -> Diagnosis:
    """Read everything under some PATHs and diagnose it; takes seconds, so never on a screen's thread.

    Args:
        paths: What to read; empty for the newest run here.
        selection: Everything else that a reader is told: configuration, dialect, `--now`.
        live: Whether to look at the processes. Never with `--now`, which is another moment.

    Raises:
        NothingToReadError, UsageError: as for every reader.
    """
    chosen = chosen_paths([str(path) for path in paths])
    gathering = Gathering()
    gather_files(chosen, gathering)
    seen = look(chosen) if live and selection.now is None else None
    known = seen or stored(chosen, run_info(chosen).started)
    if known is not None:
        gathering.take_live(known)
    asked = replace(selection, paths=tuple(chosen))
    read = read_all(asked, gathering.take, gathering.see, lambda: gathering.telling)
    engine = read.engine
    if seen is not None and engine.info.alive is None:
        engine.info = replace(engine.info, alive=True)
    return diagnose(engine.run, engine.info, viewpoint(selection.now), engine.config, gathering)


def viewpoint(now: float | None) -> Viewpoint:
    """The moment that was asked for, else this one."""
    return Viewpoint(time.time() if now is None else now, local_offset(), stated=now is not None)
