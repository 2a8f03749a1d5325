"""Hugging Face's `trainer_state.json` as the commands tell it."""

import json
from pathlib import Path

from tests.cli.conftest import Run

TEXT = json.dumps(
    {
        "log_history": [
            {"epoch": 1.0, "learning_rate": 5e-05, "loss": 0.75, "step": 10},
            {"epoch": 1.0, "eval_loss": 0.7, "step": 10},
            {"epoch": 2.0, "learning_rate": 1e-05, "loss": 0.5, "step": 20},
        ],
        "max_steps": 40,
    },
    indent=2,
).encode()


def test_a_checkpoint_directory_is_exported_and_has_a_status(
    trainwatch: Run, tmp_path: Path
) -> None:
    (tmp_path / "trainer_state.json").write_bytes(TEXT)
    (tmp_path / "config.json").write_text("{}")

    rows = trainwatch("export", tmp_path).rows
    told = trainwatch("status", "--json", tmp_path).document

    assert [(row["step"], row["loss"], row["total_steps"]) for row in rows] == [
        (10, 0.75, 40), (20, 0.5, 40),
    ]  # fmt: skip
    assert (told["step"], told["total_steps"], told["progress"]) == (20, 40, 0.5)


def test_a_torn_one_is_told_in_one_sentence(trainwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "trainer_state.json").write_bytes(TEXT[:300])

    answer = trainwatch("status", tmp_path)

    assert answer.code == 3
    assert answer.out == ""
    assert "trainer_state.json" in answer.err
    assert answer.err.count("\n") == 1


def test_a_console_goes_before_it_and_steps_count_once(trainwatch: Run, tmp_path: Path) -> None:
    for number in (10, 20):
        path = tmp_path / f"checkpoint-{number}" / "trainer_state.json"
        path.parent.mkdir()
        path.write_bytes(TEXT)
    alone = trainwatch("status", "--json", tmp_path).document
    (tmp_path / "console.log").write_text(
        "".join(
            f"{{'loss': 0.{at}5, 'learning_rate': 1e-05, 'epoch': {at / 2}}}\n"
            for at in range(1, 7)
        )
    )
    told = trainwatch("status", "--json", tmp_path).document

    assert alone["metrics"]["loss"]["count"] == 2
    assert (told["epoch"], told["metrics"]["loss"]["count"]) == (3.0, 6)
    assert told["progress"] is None  # the console states no total, and the checkpoint is old
