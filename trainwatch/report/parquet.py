"""Parquet: pieces with ever other columns wait in a file until the schema of all is known."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from trainwatch.errors import UsageError
from trainwatch.report.cells import cell_text, nested
from trainwatch.report.columns import Columns, Values

if TYPE_CHECKING:
    import pyarrow as pa

_GROUP = 1 << 17
"""Rows of a row group at least, but for the last."""

_FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class ParquetRows:
    """Writes a table in row groups.

    Raises:
        UsageError: where pyarrow is not installed.
    """

    def __init__(self, out: BinaryIO, spool: Path | None = None) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra, and heavy
        except ImportError:
            raise UsageError(
                "Parquet needs pyarrow: pip install 'trainwatch[parquet]', or use --format csv"
            ) from None
        self._arrow = pa
        self._out = out
        self._spool = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - closed by `finish`
        self._schema = pa.schema([])
        self._stretch: Any = None
        self._stretches = 0

    def add(self, piece: Columns) -> None:
        """Take rows; a stretch of the spool ends where a column is new, or of a wider type."""
        batch = self._batch(piece)
        schema = _joined(self._arrow, self._schema, batch.schema)
        if schema != self._schema or self._stretch is None:
            self._end_stretch()
            self._schema = schema
            self._stretch = self._arrow.ipc.new_stream(self._spool, schema)
            self._stretches += 1
        self._stretch.write_table(_widened(self._arrow, batch, schema))

    def finish(self) -> None:
        """Write what was taken, all of it with the last schema."""
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

        self._end_stretch()
        with (
            self._spool as spool,
            ParquetWriter(self._out, self._schema) as writer,
        ):
            spool.seek(0)
            for group in _groups(self._tables(spool)):
                writer.write_table(self._arrow.concat_tables(group), row_group_size=2 * _GROUP)

    def _end_stretch(self) -> None:
        if self._stretch is not None:
            self._stretch.close()

    def _tables(self, spool: BinaryIO) -> Iterator[pa.Table]:
        for _ in range(self._stretches):
            for batch in self._arrow.ipc.open_stream(spool):
                table = self._arrow.Table.from_batches([batch])
                yield _widened(self._arrow, table, self._schema)

    def _batch(self, piece: Columns) -> pa.Table:
        arrays = {cell_text(name): self._array(piece, name) for name in piece.names}
        return self._arrow.table(arrays)

    def _array(self, piece: Columns, name: str) -> pa.Array:
        varying = piece.varying.get(name)
        if varying is None:
            one = self._typed(_plain(name, [piece.same.get(name)]))
            return self._arrow.repeat(one[0], piece.length)
        return self._typed(_plain(name, varying))

    def _typed(self, values: Values) -> pa.Array:
        kinds = {type(value) for value in values if value is not None}
        if kinds == {int, float}:
            return self._arrow.array(values, self._arrow.float64())
        if len(kinds) > 1:
            return self._arrow.array([None if v is None else str(v) for v in values])
        return self._arrow.array(values)


def _plain(name: str, values: Values) -> Values:
    """Values of a column: NaN and infinities as numbers, what is nested as JSON."""
    if not any(isinstance(value, str | dict | list) for value in values):
        return values
    if name == "text":
        return [cell_text(value) if isinstance(value, str) else nested(value) for value in values]
    return [
        _FLOATS.get(value, cell_text(value)) if isinstance(value, str) else nested(value)
        for value in values
    ]


def _joined(arrow: Any, known: pa.Schema, new: pa.Schema) -> pa.Schema:  # noqa: ANN401 - a module
    """The schema of both: gaps take any type, whole numbers become floats, all else text."""
    try:
        return arrow.unify_schemas([known, new], promote_options="permissive")
    except (arrow.ArrowTypeError, arrow.ArrowInvalid):
        fields = {field.name: field for field in [*known, *new]}
        for name in set(known.names) & set(new.names):
            if known.field(name).type != new.field(name).type:
                fields[name] = arrow.field(name, arrow.string())
        return arrow.schema(fields.values())


def _widened(arrow: Any, table: pa.Table, schema: pa.Schema) -> pa.Table:  # noqa: ANN401
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else arrow.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return arrow.table(columns, schema=schema)


def _groups(tables: Iterator[pa.Table]) -> Iterator[list[pa.Table]]:
    group: list[pa.Table] = []
    rows = 0
    for table in tables:
        group.append(table)
        rows += table.num_rows
        if rows >= _GROUP:
            yield group
            group, rows = [], 0
    if group:
        yield group
