"""`trainwatch diagnose`: what is wrong, who, where, why, what next."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace

import click

from trainwatch.cli.evidence import gather_files
from trainwatch.cli.options import Selection, reading
from trainwatch.cli.reading import chosen_paths, local_offset, read_all
from trainwatch.diagnose import Diagnosis, Gathering, Verdict, diagnose
from trainwatch.errors import ExitCode
from trainwatch.model.moments import Viewpoint

_FINE = (Verdict.HEALTHY, Verdict.FINISHED)


@click.command("diagnose")
@reading
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(selection: Selection, as_json: bool) -> int:
    """Say what is wrong with a training, who, where, why, and what next.

    Reads everything, dead or alive. Exit code: 0 healthy, starting or finished; 1 anything else,
    also where the logs do not decide; 3 nothing to read.
    """
    gathering = Gathering()
    gather_files(chosen_paths(selection.paths), gathering)
    read = read_all(selection, gathering.take, gathering.see, lambda: gathering.telling)
    engine = read.engine
    view = viewpoint(selection.now)
    found = diagnose(engine.run, engine.info, view, engine.config, gathering)
    if as_json:
        from trainwatch.report.diagnosis import diagnosis_document  # noqa: PLC0415

        click.echo(json.dumps(diagnosis_document(found, selection.wants), indent=1))
    else:
        from rich.console import Console  # noqa: PLC0415

        from trainwatch.report.diagnosis_text import print_diagnosis  # noqa: PLC0415

        print_diagnosis(found, Console(markup=False, highlight=False, emoji=False), selection.wants)
    return ExitCode.OK if found.verdict in _FINE else ExitCode.PROBLEM


def diagnose_now(paths: Sequence[str], selection: Selection, *, live: bool) -> Diagnosis:
    """Read everything of a run and say what is wrong; for the dashboard, which runs it in a thread.

    Args:
        paths: What the dashboard watches.
        selection: How it reads them.
        live: Whether the run is watched, so that its processes may be asked.

    Raises:
        NothingToReadError: where there is nothing.
    """
    del live  # the logs alone are read
    gathering = Gathering()
    gather_files(paths, gathering)
    chosen = replace(selection, paths=tuple(paths))
    engine = read_all(chosen, gathering.take, gathering.see, lambda: True).engine
    return diagnose(engine.run, engine.info, viewpoint(selection.now), engine.config, gathering)


def viewpoint(now: float | None) -> Viewpoint:
    """The moment that was asked for, else this one."""
    return Viewpoint(time.time() if now is None else now, local_offset(), stated=now is not None)
