"""`trainwatch formats`."""

from pathlib import Path

from tests.cli.conftest import SAMPLES, Run


def test_list_names_the_dialects(trainwatch: Run) -> None:
    assert "autoencoder" in trainwatch("formats").out
    names = {d["name"] for d in trainwatch("formats", "list", "--json").document["dialects"]}
    assert {"autoencoder", "chinese"} <= names


def test_show_has_the_samples(trainwatch: Run) -> None:
    answer = trainwatch("formats", "show", "chinese")
    assert "Epoch [15/200] - 进度 5.8% (10/171)" in answer.out
    assert trainwatch("formats", "show", "nonsense").code == 2


def test_test_says_line_by_line_what_was_understood(trainwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text(
        "[DEBUG] [Rank 0] Training step 0, loss=0.5\nwhatever \x1b[2J\n"
        "[DEBUG] [Rank 0] Training step 1, loss=0.5[DEBUG] [Rank 1] Training step 1, loss=0.6\n"
    )
    answer = trainwatch("formats", "test", "x.log")
    assert answer.code == 0
    first, values, second, third = answer.out.splitlines()[:4]
    assert "autoencoder.train_step" in first
    assert values.split() == [
        "→",
        "phase",
        "train",
        "·",
        "rank",
        "0",
        "·",
        "step",
        "0",
        "·",
        "loss",
        "0.5",
    ]
    assert second.split() == ["2", "-", "whatever", "\ufffd[2J"]
    assert "2 × autoencoder.train_step" in third
    assert "1 lines not understood, of 3" in answer.out


def test_nothing_understood(trainwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("def f(loss=0.1):\n    return loss\n")
    assert trainwatch("formats", "test", "x.py").code == 3
    assert trainwatch("formats", "test", "absent").code == 3


def test_a_recorded_log_is_understood_whole(trainwatch: Run) -> None:
    log = next((SAMPLES / "chinese" / "log").glob("*.log"))
    assert "      0 lines not understood" in trainwatch("formats", "test", log).out
