"""Damaged lines of trainings: no crash, and the same records however the bytes come."""

import math
from operator import itemgetter

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dialects.excerpts import CASES
from dialects.reading import Excerpt, read

LINES = sorted({line for case in CASES for line in case.text.splitlines() if line.strip()})
PIECES = ("nan", "1e999", "9" * 40, "{", "}", "[", "(0/0)", ",", "%", ":", "|", "\0", "#9", "epoch",
          "100%|###| 3/4 [", "第", "tensor(", "'", "\t", "null", "-1", "\x08")  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    line = draw(st.sampled_from(LINES))
    for piece in draw(st.lists(st.sampled_from(PIECES), max_size=3)):
        start = draw(st.integers(0, len(line)))
        line = line[:start] + piece + line[start + draw(st.integers(0, 5)) :]
    return line


def in_order(excerpt: Excerpt) -> tuple[object, ...]:
    steps, evals = (sorted(rows, key=itemgetter("line")) for rows in (excerpt.steps, excerpt.evals))
    return steps, evals, excerpt.unparsed


@settings(max_examples=40, deadline=None)
@given(st.lists(damaged(), min_size=1, max_size=8), st.integers(1, 200))
def test_damaged_lines_in_any_pieces(lines: list[str], piece: int) -> None:
    text = "\n".join([*lines, *lines]) + "\n"

    assert in_order(read(text, dialect=None, piece=piece)) == in_order(read(text, dialect=None))


@pytest.mark.parametrize(
    "line",
    [
        "{'loss': 1if, 'epoch': 1}",
        "epoch 1e999 step 9999999999999999999999 loss nan",
        "Epoch 1 loss: " + "[" * 500,
        '{"epoch": ' + '{"a": ' * 3000 + "1" + "}" * 3001,
    ],
)
def test_what_parsers_stumble_on_is_survived(line: str) -> None:
    assert read(f"{line}\n" * 4).unparsed in (0, 4)


@pytest.mark.parametrize(
    "text",
    [
        "epochs: 10\nlr: 0.1\nloss: 0.5\nbatch_size: 32\n",
        "def train(epoch):\n    loss = 0.5\n    print('epoch', 1, 'loss', 0.25)\n" * 3,
        "usage: train.py [--epoch 10] [--loss 0.5]\n" * 3,
        '10.0.0.1 - - [01/Jan/2024:10:00:00 +0000] "GET /step/1 HTTP/1.1" 200 1234\n' * 5,
        "Downloading torch-2.1.0.whl (12.3 MB)\n   ━━━━━━━━━ 12.3/12.3 MB 5.4 MB/s eta 0:00:00\n"
        * 3,
        "step 1: preheat the oven to 180 degrees\nstep 2: bake for 20 minutes\n" * 3,
        '{"name": "x", "score": 0.3}\n' * 9,
    ],
    ids=["configuration", "source", "help", "access log", "pip", "recipe", "data"],
)
def test_what_only_looks_alike_gives_nothing(text: str) -> None:
    found = read(text)

    assert (found.steps, found.evals) == ([], [])


def test_an_average_stands_beside_its_value() -> None:
    rows = read("Epoch: [0][1/9] Loss 6.9 (6.95)\nEpoch: [0][2/9] Loss 6.8 (6.93)\n").training

    assert [(row["loss"], row["loss_avg"]) for row in rows] == [(6.9, 6.95), (6.8, 6.93)]


def test_a_nan_is_a_value() -> None:
    first, second = read("step 1 loss nan\nstep 2 loss 0.5\n").training

    assert (first["loss"], second["loss"]) == ("nan", 0.5)
    assert math.isclose(second["loss"], 0.5)
