"""Which named record the values of a line are: its dialect, and what its keys mean."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from trainwatch.formats.dialect import Dialect, RecordFormat, Shape


def which(
    shape: Shape, message: str, keys: Collection[str], only: Iterable[Dialect]
) -> tuple[Dialect, RecordFormat] | None:
    """The first named record that fits.

    Args:
        shape: How the values stand.
        message: The line without its prefix.
        keys: The keys as printed; of nested JSON `a/b`.
        only: The dialects to look at, in order.
    """
    present = frozenset(key.strip() for key in keys)
    for dialect in only:
        for record in dialect.records:
            if (
                record.shape is shape
                and record.keys <= present
                and _opening(record.opening).match(message)
            ):
                return dialect, record
    return None


@lru_cache(maxsize=1024)
def _opening(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
