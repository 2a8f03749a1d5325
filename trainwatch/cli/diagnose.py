"""`trainwatch diagnose`: what is wrong, who, where, why, what next."""

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from trainwatch.cli.options import Selection, reading
from trainwatch.cli.reading import chosen_paths, local_offset, read_all
from trainwatch.diagnose import ErrorFile, Gathering, Verdict, diagnose
from trainwatch.diagnose.errorfile import MAX_BYTES
from trainwatch.errors import ExitCode
from trainwatch.model.moments import Viewpoint
from trainwatch.sources.roots import Naming, Root

_FINE = (Verdict.HEALTHY, Verdict.FINISHED)
_ERROR_FILE = re.compile(r"(?:^|[._-])error[^/]{0,40}\.json$", re.IGNORECASE)
MAX_ENTRIES = 100_000
"""Directory entries that are looked at for error files."""


@click.command("diagnose")
@reading
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(selection: Selection, as_json: bool) -> int:
    """Say what is wrong with a training, who, where, why, and what next.

    Reads everything, dead or alive. Exit code: 0 healthy, starting or finished; 1 anything else,
    also where the logs do not decide; 3 nothing to read.
    """
    gathering = Gathering()
    for file in error_files(chosen_paths(selection.paths)):
        gathering.take_error_file(file)
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


def viewpoint(now: float | None) -> Viewpoint:
    """The moment that was asked for, else this one."""
    return Viewpoint(time.time() if now is None else now, local_offset(), stated=now is not None)


def error_files(paths: Sequence[str]) -> Iterator[ErrorFile]:
    """The files under some PATHs in which @record leaves exceptions; they are no logs."""
    roots = [Root.of(path) for path in paths]
    naming = Naming(roots)
    for path in sorted(_named_errors(root.path for root in roots)):
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES)
        except OSError as error:
            click.echo(f"trainwatch: {path} cannot be read: {error.strerror}.", err=True)
        else:
            yield ErrorFile(naming.display(str(path)), data)


def _named_errors(roots: Iterable[str]) -> Iterator[Path]:
    left = MAX_ENTRIES
    for root in roots:
        for directory, below, names in os.walk(root):
            below[:] = [name for name in below if not name.startswith(".")]
            left -= len(names) + len(below)
            if left < 0:
                return
            yield from (Path(directory, name) for name in names if _ERROR_FILE.search(name))
