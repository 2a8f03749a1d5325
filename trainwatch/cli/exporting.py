"""Reads a run and writes one of its tables, row by row as the logs are read."""

from collections.abc import Callable, Iterable
from pathlib import Path

from trainwatch.cli.destination import destination
from trainwatch.cli.options import Selection
from trainwatch.cli.reading import chosen_paths, read_all
from trainwatch.events import Parsed
from trainwatch.report.columns import Columns, FileOrder
from trainwatch.report.jsonable import Json
from trainwatch.report.records import EpochRows, alert_row, eval_tables, event_tables, step_tables
from trainwatch.report.tables import TableFormat, TableWriter, table_writer

_STREAMED: dict[str, Callable[[Parsed], Iterable[Columns]]] = {
    "steps": step_tables,
    "evals": eval_tables,
    "events": event_tables,
}


class _UnwritableError(Exception):
    """The destination refused what was written: no matter of the log that was being read."""


def export(selection: Selection, table: str, form: str, output: Path | None) -> None:
    """Write one table of everything that a selection holds.

    Raises:
        TrainwatchError: where it cannot be written; else as for every reader.
    """
    with destination(output) as out:
        writer = table_writer(TableFormat(form), out, _spool(output))
        _TABLES.get(table, _stream_of(table))(selection, writer)
        writer.finish()


def _spool(output: Path | None) -> Path | None:
    """Beside a file, where there must be room for it anyway."""
    return output.absolute().parent if output is not None and not output.is_dir() else None


def _stream_of(table: str) -> Callable[[Selection, TableWriter], None]:
    return lambda selection, writer: _stream(selection, _STREAMED[table], writer)


def _stream(
    selection: Selection, tables: Callable[[Parsed], Iterable[Columns]], writer: TableWriter
) -> None:
    """Rows while the logs are read."""
    order = FileOrder()

    def write(pieces: Iterable[Columns]) -> None:
        for piece in pieces:
            kept = piece if selection.ranks is None else piece.where(selection.wants)
            if kept.length:
                writer.add(kept)

    def listen(parsed: Parsed) -> None:
        write(order.take(parsed.file.name, tables(parsed)))

    _read(selection, listen)
    write(order.rest())


def _read(selection: Selection, listener: Callable[[Parsed], None]) -> None:
    """Read everything, with a listener that writes."""

    def listen(parsed: Parsed) -> None:
        try:
            listener(parsed)
        except OSError as error:
            raise _UnwritableError from error

    try:
        read_all(selection, listen)
    except _UnwritableError as error:
        raise error.__cause__ or error from None


def _epochs(selection: Selection, writer: TableWriter) -> None:
    """One row an epoch of a rank, once the lines that it is joined from are read."""
    epochs = EpochRows()

    def listen(parsed: Parsed) -> None:
        epochs.add(parsed)
        _write(selection, epochs.due(parsed.file.name), writer)

    _read(selection, listen)
    _write(selection, epochs.rows(), writer)


def _alerts(selection: Selection, writer: TableWriter) -> None:
    alerts = read_all(selection).engine.snapshot().alerts
    _write(selection, map(alert_row, alerts), writer)


def _write(selection: Selection, rows: Iterable[Json], writer: TableWriter) -> None:
    for piece in Columns.of(row for row in rows if selection.wants(row["rank"])):
        writer.add(piece)


def _system(selection: Selection, writer: TableWriter) -> None:
    """What the samplers of a run wrote; none where there was no sampler."""
    from trainwatch.parsing.samples import SampleParser  # noqa: PLC0415
    from trainwatch.report.machines import sample_rows  # noqa: PLC0415
    from trainwatch.sources.samples import SampleFiles  # noqa: PLC0415

    for chunk in SampleFiles(chosen_paths(selection.paths)).poll():
        rows = (
            row
            for sample, where in SampleParser(chunk.file).feed(chunk.data)
            for row in sample_rows(sample, where)
            if selection.ranks is None or not selection.ranks.isdisjoint(row["ranks"])
        )
        for piece in Columns.of(rows):
            writer.add(piece)


_TABLES: dict[str, Callable[[Selection, TableWriter], None]] = {
    "epochs": _epochs,
    "alerts": _alerts,
    "system": _system,
}
