"""The general extractor on excerpts that it was not made on."""

import math
from typing import Any

import pytest

from dialects.excerpts import CASES, Case
from dialects.reading import read
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo


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


def test_epochs_that_begin_with_0_give_progress() -> None:
    lines = "".join(f"Epoch {n}/4 loss {1 / (n + 1):.4f} val_loss 0.51\n" for n in range(3))
    engine = Engine(RunInfo(path="x"))
    engine.feed(Chunk(LogFile("train.log"), 0, lines.encode(), 0.0))
    engine.feed(FileEnded(LogFile("train.log"), "read to its end"))
    engine.tick(0.0)
    view = engine.snapshot()

    assert (view.epoch, view.total_epochs, view.progress) == (2, 4, 0.5)
    assert view.dialects == ("general",)
    assert {"loss", "val_loss"} <= set(view.metrics)


@pytest.mark.parametrize(
    ("line", "split"),
    [
        ("==> val: loss 0.90 acc 0.7", "validation"),
        (" * Test set: Average loss: 0.90, Accuracy: 7/10 (70%)", "test"),
    ],
)
def test_a_mark_in_front_of_an_evaluation_does_not_hide_it(line: str, split: str) -> None:
    epoch = [f"Ep 1/5 | it {n}/50 | loss={2 / (1 + n):.4f}" for n in range(0, 50, 10)]
    found = read("\n".join([*epoch, line, *epoch, line]) + "\n")

    assert len(found.training) == 10
    assert [(row["phase"], row["loss"]) for row in found.evals] == [(split, 0.9)] * 2
