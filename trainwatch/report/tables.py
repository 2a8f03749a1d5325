"""Writes rows as JSON lines, CSV or Parquet."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from importlib.util import find_spec
from typing import BinaryIO

from trainwatch.errors import UsageError
from trainwatch.report.jsonable import Json, without_surrogates


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
        for row in rows:
            text = json.dumps(without_surrogates(row), ensure_ascii=False)
            out.write(text.encode() + b"\n")
    elif form is TableFormat.CSV:
        _write_csv(rows, out)
    else:
        _write_parquet(rows, out)


def _write_csv(rows: Iterable[Json], out: BinaryIO) -> None:
    import pandas as pd  # noqa: PLC0415 - half a second that only this needs

    frame = pd.DataFrame.from_records(list(_flat(rows)))
    frame = _whole(frame)
    out.write(frame.to_csv(index=False, lineterminator="\n").encode())


def _write_parquet(rows: Iterable[Json], out: BinaryIO) -> None:
    if find_spec("pyarrow") is None:
        raise UsageError(
            "Parquet needs pyarrow: pip install 'trainwatch[parquet]', or use --format csv"
        )
    import pandas as pd  # noqa: PLC0415

    frame = _whole(pd.DataFrame.from_records(list(_flat(rows, floats=True))))
    out.write(frame.to_parquet(index=False))


def _whole(frame: "pd.DataFrame") -> "pd.DataFrame":  # type: ignore[name-defined]  # noqa: F821
    """Columns of integers with gaps stay integers."""
    return frame.convert_dtypes(convert_string=False, convert_boolean=False, convert_floating=False)


_FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def _flat(rows: Iterable[Json], *, floats: bool = False) -> Iterator[Json]:
    """Rows for a spreadsheet: nested values as JSON, and no text that it would run as a formula."""
    for row in rows:
        yield {name: _cell(name, value, floats=floats) for name, value in row.items()}


def _cell(name: str, value: object, *, floats: bool) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        if value in _FLOATS and name != "text":
            return _FLOATS[value] if floats else value
        cleaned = value.encode("utf-8", "replace").decode()
        return f"'{cleaned}" if cleaned.startswith(("=", "+", "-", "@", "\t", "\r")) else cleaned
    return value
