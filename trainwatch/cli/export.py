"""`trainwatch export`: the parsed records as tables."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from trainwatch.cli.options import Selection, reading
from trainwatch.cli.reading import chosen_paths, read_all
from trainwatch.errors import TrainwatchError
from trainwatch.events import Parsed
from trainwatch.report.jsonable import Json
from trainwatch.report.records import EpochRows, alert_row, eval_rows, event_rows, step_rows
from trainwatch.report.tables import TableFormat, write_table

_STREAMED = {"steps": step_rows, "evals": eval_rows, "events": event_rows}
TABLES = (*_STREAMED, "epochs", "system", "alerts")


@click.command("export")
@reading
@click.option("--table", type=click.Choice(TABLES), default="steps", show_default=True)
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in TableFormat]),
    default=TableFormat.JSONL.value,
    show_default=True,
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl.")
def command(
    selection: Selection, table: str, form: str, output: Path | None, as_json: bool
) -> None:
    """Write the parsed records, one a line, in file order."""
    chosen = TableFormat.JSONL if as_json else TableFormat(form)
    if chosen is TableFormat.JSONL and table in _STREAMED:
        with _destination(output) as out:
            _stream(selection, table, out)
        return
    rows = _rows(selection, table)
    with _destination(output) as out:
        write_table(rows, chosen, out)


class _UnwritableError(Exception):
    """The destination refused what was written: no matter of the log that was being read."""


def _stream(selection: Selection, table: str, out: BinaryIO) -> None:
    """Write rows while the logs are read: there may be more of them than memory."""

    def listen(parsed: Parsed) -> None:
        rows = (row for row in _STREAMED[table](parsed) if selection.wants(row["rank"]))
        try:
            write_table(rows, TableFormat.JSONL, out)
        except OSError as error:
            raise _UnwritableError from error

    try:
        read_all(selection, listen)
    except _UnwritableError as error:
        raise error.__cause__ or error from None


def _rows(selection: Selection, table: str) -> list[Json]:
    if table == "system":
        return _system_rows(selection)
    gathered: list[Json] = []
    epochs = EpochRows()

    def listen(parsed: Parsed) -> None:
        if table in _STREAMED:
            gathered.extend(_STREAMED[table](parsed))
        elif table == "epochs":
            epochs.add(parsed)

    read = read_all(selection, listen)
    if table in _STREAMED:
        gathered = _in_file_order(gathered)
    if table == "epochs":
        gathered.extend(epochs.rows())
    elif table == "alerts":
        gathered.extend(map(alert_row, read.engine.snapshot().alerts))
    return [row for row in gathered if selection.wants(row["rank"])]


def _in_file_order(rows: list[Json]) -> list[Json]:
    """Rows as their lines stand: a record that had to wait for the next line comes late."""
    files = {file: place for place, file in enumerate(dict.fromkeys(row["file"] for row in rows))}
    return sorted(rows, key=lambda row: (files[row["file"]], row["line"] or 0))


def _system_rows(selection: Selection) -> list[Json]:
    """What the samplers of a run wrote; none where there was no sampler."""
    from trainwatch.parsing.samples import SampleParser  # noqa: PLC0415
    from trainwatch.report.machines import sample_rows  # noqa: PLC0415
    from trainwatch.sources.samples import SampleFiles  # noqa: PLC0415

    paths = chosen_paths(selection.paths)
    return [
        row
        for chunk in SampleFiles(paths).poll()
        for sample, where in SampleParser(chunk.file).feed(chunk.data)
        for row in sample_rows(sample, where)
        if selection.ranks is None or not selection.ranks.isdisjoint(row["ranks"])
    ]


@contextmanager
def _destination(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears only when it is complete."""
    if output is None:
        with _standard_output() as stream:
            yield stream
        return
    try:
        if output.exists() and not output.is_file():  # a device, a pipe: written as it is
            with output.open("wb") as stream:
                yield stream
            return
        with _appearing(output.resolve()) as stream:
            yield stream
    except OSError as error:
        raise TrainwatchError(f"{output} cannot be written: {error.strerror}") from None


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What could not be written is still buffered; it is not tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise TrainwatchError(
            f"standard output cannot be written: {error.strerror}; free space or use -o FILE"
        ) from None


@contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    """A temporary file that takes the target's place once it is complete."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~mask
        Path(name).chmod(mode)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
