"""The general extractor on excerpts that it was not made on."""

import math
from typing import Any

import pytest

from dialects.excerpts import CASES, Case
from dialects.reading import read


def agrees(row: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
    """What of the columns the row does not hold."""
    return {
        name: (row.get(name), want)
        for name, want in columns.items()
        if not (
            row.get(name) == want
            or (isinstance(want, float) and isinstance(row.get(name), float | int)
                and math.isclose(row[name], want))
        )
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_unseen_excerpt(case: Case) -> None:
    found = read(case.text.encode("gb18030") if "GB18030" in case.name else case.text)

    assert len(found.training) == case.steps, found.training
    assert {row["granularity"] for row in found.training} == {case.granularity}
    assert agrees(found.training[0], case.first) == {}
    assert agrees(found.training[-1], case.last) == {}
    if case.evals:
        assert len(found.evals) == case.evals, found.evals
        assert agrees(found.evals[0], case.result) == {}
