"""Writes rows as JSON lines, CSV or Parquet."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

from trainwatch.errors import UsageError
from trainwatch.report.jsonable import Json, one_line

if TYPE_CHECKING:
    import pandas as pd


class TableFormat(StrEnum):
    """How a table is written."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def write_table(rows: Iterable[Json], form: TableFormat, out: BinaryIO) -> None:
    """Write rows to a binary stream.

    Raises:
        UsageError: for Parquet without the extra that it needs.
    """
    if form is TableFormat.JSONL:
        out.writelines(one_line(row).encode() + b"\n" for row in rows)
    elif form is TableFormat.CSV:
        _write_csv(rows, out)
    else:
        _write_parquet(rows, out)


def _write_csv(rows: Iterable[Json], out: BinaryIO) -> None:
    out.write(_frame(_flat(rows)).to_csv(index=False, lineterminator="\n").encode())


def _write_parquet(rows: Iterable[Json], out: BinaryIO) -> None:
    if find_spec("pyarrow") is None:
        raise UsageError(
            "Parquet needs pyarrow: pip install 'trainwatch[parquet]', or use --format csv"
        )
    out.write(_frame(_flat(rows, floats=True)).to_parquet(index=False))


def _frame(rows: Iterable[Json]) -> "pd.DataFrame":
    """A frame in which a column of whole numbers with gaps stays one of whole numbers."""
    import pandas as pd  # noqa: PLC0415 - half a second that only this needs

    records = list(rows)
    columns = {name: [row.get(name) for row in records] for name in _names(records)}
    return pd.DataFrame(
        {
            name: pd.array(values, dtype="Int64") if _integral(values) else values
            for name, values in columns.items()
        }
    )


def _names(records: list[Json]) -> list[str]:
    """Every column, in the order in which it first occurs."""
    return list(dict.fromkeys(name for row in records for name in row))


def _integral(values: list[object]) -> bool:
    """Whether there is nothing but whole numbers and gaps, and some of the former."""
    stated = [value for value in values if value is not None]
    return bool(stated) and all(
        isinstance(value, int) and not isinstance(value, bool) for value in stated
    )


_FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def _flat(rows: Iterable[Json], *, floats: bool = False) -> Iterator[Json]:
    """Rows for a spreadsheet: nested values as JSON, and no text that it would run as a formula."""
    for row in rows:
        yield {cell_text(name): _cell(name, value, floats=floats) for name, value in row.items()}


def _cell(name: str, value: object, *, floats: bool) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        if value in _FLOATS and name != "text":
            return _FLOATS[value] if floats else value
        return cell_text(value)
    return value


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell_text(text: str) -> str:
    """Text that no spreadsheet runs as a formula."""
    cleaned = text.encode("utf-8", "replace").decode()
    return f"'{cleaned}" if cleaned.startswith(_FORMULA) else cleaned
