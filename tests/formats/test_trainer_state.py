"""Hugging Face's `trainer_state.json`: a history in one document."""

import json
from typing import Any

import pytest
from core.feeding import SHARED

from trainwatch.events import Chunk, EvalResult, LogFile, StepBlock
from trainwatch.formats.filenames import FileKind, describe
from trainwatch.parsing import state
from trainwatch.parsing.parser import FileParser
from trainwatch.sources.names import Reason, reason_to_skip

NAME = "checkpoint-20/trainer_state.json"
STATE = {
    "epoch": 2.0,
    "global_step": 20,
    "log_history": [
        {"epoch": 1.0, "grad_norm": 0.5, "learning_rate": 5e-05, "loss": 0.75, "step": 10},
        {"epoch": 1.0, "eval_loss": 0.7, "eval_acc\u00e9": 0.5, "eval_runtime": 0.1, "step": 10},
        {"epoch": 2.0, "grad_norm": float("nan"), "learning_rate": 1e-05, "loss": 0.5, "step": 20},
        {"epoch": 2.0, "train_loss": 0.6, "train_runtime": 12.0, "step": 20},
    ],
    "max_steps": 40,
    "stateful_callbacks": {"TrainerControl": {"log_history": [{"loss": 9.5, "step": 1}]}},
}
TEXT = (json.dumps(STATE, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def items(data: bytes, size: int = 1 << 20) -> tuple[list[Any], int]:
    """What a file gives when it comes in pieces, and how many lines were not understood."""
    file = LogFile(NAME)
    parser = FileParser(file, ())
    chunks = [Chunk(file, at, data[at : at + size], 0.0) for at in range(0, len(data), size)]
    parsed = [*map(parser.feed, chunks), parser.end(file)]
    return [item for one in parsed for item in one.items], sum(p.tally.unparsed for p in parsed)


def test_the_history_is_steps_and_evaluations() -> None:
    (first, evaluation, second), unparsed = items(TEXT)

    assert isinstance(first, StepBlock)
    assert isinstance(evaluation, EvalResult)
    assert {name: column[0] for name, column in first.metrics.items()} == {
        "grad_norm": 0.5, "lr": 5e-05, "loss": 0.75,
    }  # fmt: skip
    assert (first.step[0], first.epoch[0], first.shape.total_steps) == (10, 1.0, 40)
    assert evaluation.values == {"loss": 0.7, "acc\u00e9": 0.5, "runtime": 0.1}
    assert (evaluation.step, evaluation.epoch, evaluation.total_steps) == (10, 1.0, 40)
    assert second.step[0] == 20
    assert unparsed == 0


def test_an_entry_stands_on_the_line_where_its_object_begins() -> None:
    found, _ = items(TEXT)
    places = [
        (item.line[0], item.offset[0]) if isinstance(item, StepBlock) else item.where[1:]
        for item in found
    ]

    lines = TEXT.split(b"\n")
    assert [lines[number - 1] for number, _ in places] == [b"    {"] * 3
    for (_, offset), entry in zip(places, STATE["log_history"], strict=False):  # type: ignore[call-overload]
        told = json.JSONDecoder().raw_decode(TEXT[offset:].decode())[0]
        assert told["step"] == entry["step"]
        assert told.keys() == entry.keys()


@pytest.mark.parametrize("size", [1, 7, 64, len(TEXT) - 1])
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    whole, _ = items(TEXT)
    pieces, unparsed = items(TEXT, size)

    assert [type(item) for item in pieces] == [type(item) for item in whole]
    assert [item for item in pieces if isinstance(item, EvalResult)] == [whole[1]]
    assert unparsed == 0


def test_a_document_in_one_line_without_an_end_is_read() -> None:
    found, _ = items(json.dumps(STATE).encode())

    assert [int(item.line[0]) for item in found if isinstance(item, StepBlock)] == [1, 1]


@pytest.mark.parametrize(
    "data",
    [
        TEXT[:300],
        TEXT[:-3],
        TEXT.replace(b'"max_steps": 40,', b'"max_steps": 40'),
        TEXT[:200] + b"\xff\xfe" + TEXT[200:],
        b"}\n" + TEXT,
        b"[" * 100_000 + b"\n}\n",
        b'{"log_history": {"loss": 1}}\n',
        b'{"log_history": [1, "x", null, [{"loss": 0.5, "step": 1}]]}\n',
        b'{"loss": 0.5, "step": 3}\n',
    ],
    ids=[
        "torn", "without end", "a comma is missing", "bytes", "two", "deep", "no list", "no objects", "no history",
    ],
)  # fmt: skip
def test_what_is_torn_or_broken_gives_no_record(data: bytes) -> None:
    assert items(data)[0] == []


def test_values_out_of_range_make_no_place() -> None:
    entry = b'{"loss": 0.5, "step": -3, "epoch": 1e999, "learning_rate": 1' + b"0" * 400 + b"}"
    (item,), _ = items(b'{"log_history": [' + entry + b'], "max_steps": -1}')

    assert (item.step[0], item.shape.total_steps) == (-1, None)
    assert item.epoch[0] != item.epoch[0]
    assert item.metrics["lr"][0] == float("inf")


def test_the_buffer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_STATE", len(TEXT) - 1)
    found, unparsed = items(TEXT)

    assert found == []
    assert unparsed == TEXT.count(b"\n")


def test_another_document_in_its_place_is_read_anew() -> None:
    old, new = LogFile(NAME), LogFile(NAME, generation=1)
    parser = FileParser(old, ())
    parser.feed(Chunk(old, 0, TEXT[:300], 0.0))
    parser.end(old)

    assert len(parser.feed(Chunk(new, 0, TEXT, 0.0)).items) == 3


def test_only_this_document_is_a_log() -> None:
    assert reason_to_skip("trainer_state.json") is None
    assert reason_to_skip("config.json") is Reason.DOCUMENT
    assert describe(NAME).kind is FileKind.STATE
    assert describe("run/rank_0/51_trainer_state.json").kind is FileKind.STATE


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")
def test_a_real_one_gives_all_of_its_history() -> None:
    data = (SHARED / "samples" / "frameworks" / "51_trainer_state.json").read_bytes()
    found, unparsed = items(data, 100)

    assert [isinstance(item, StepBlock) for item in found] == [True, True, False] * 3
    assert {item.shape.total_steps for item in found if isinstance(item, StepBlock)} == {24}
    assert unparsed == 0
