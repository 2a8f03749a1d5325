"""Reports on runs of which little is known, or too much."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from trainwatch.cli.main import main

NANO = "iter {}: loss {}, time 12.00ms, mfu 1.00%"
HOSTILE = ["</script><script>alert(1)</script>", 'a,b"c\n=1+1', "\u202eevil", "x" * 5000]
KNOWN = {"bleu": "larger", "wer": "smaller", "ppl": "smaller", "acc": "larger", "mystery": None}


def conclude(path: Path, *options: str) -> tuple[int, Path]:
    out = path.parent / "out"
    with pytest.raises(SystemExit) as ended:
        main(["report", str(path), "-o", str(out), *options])
    return int(ended.value.code or 0), out


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def summary(out: Path) -> dict[str, object]:
    return dict(json.loads((out / "summary.json").read_text()))


def test_evaluations_that_stand_in_lines_of_their_own_are_in_the_table(tmp_path: Path) -> None:
    lines = []
    for step in range(1, 7):
        lines.append(f"{{'loss': {1 / step:.3f}, 'learning_rate': 5e-05, 'epoch': {step / 10}}}")
        if step % 2 == 0:
            lines.append(
                f"{{'eval_loss': {2 / step:.3f}, 'eval_runtime': 3.2, 'epoch': {step / 10}}}"
            )
    code, out = conclude(write(tmp_path / "train.log", *lines))
    assert code == 0
    assert [row["val_loss"] for row in rows(out)] == ["", "1.0", "", "0.5", "", "0.333"]
    assert summary(out)["best_val_loss"] == summary(out)["final_val_loss"] == 0.333


def test_a_run_that_only_evaluates(tmp_path: Path) -> None:
    lines = [f"epoch {n} val_loss: {1 / (n + 1):.4f} val_acc: {n / 10:.3f}" for n in range(10)]
    code, out = conclude(write(tmp_path / "train.log", *lines))
    assert code == 0
    assert [row["epoch"] for row in rows(out)] == [str(n) for n in range(10)]
    assert rows(out)[3]["val_loss"] == "0.25"
    assert summary(out)["best_val_accuracy"] == 0.9


def test_nan_inside_is_kept_where_it_was_printed(tmp_path: Path) -> None:
    lines = [NANO.format(n, "nan" if 20 <= n < 25 else f"{1 / (n + 1):.4f}") for n in range(60)]
    code, out = conclude(write(tmp_path / "train.log", *lines))
    assert code == 0
    assert [row["step"] for row in rows(out) if row["loss"] == "nan"] == list(
        map(str, range(20, 25))
    )
    assert summary(out)["best_loss"] == summary(out)["final_loss"] == 0.0167
    lines += [NANO.format(60, "nan")]
    conclude(write(tmp_path / "train.log", *lines))
    assert summary(out)["final_loss"] == "nan"


def test_one_step_and_no_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = conclude(write(tmp_path / "train.log", NANO.format(0, "4.2")))
    assert code == 0
    assert [row["loss"] for row in rows(out)] == ["4.2"]
    assert (out / "report.html").read_text().endswith("</html>\n")
    conclude(tmp_path / "train.log", "--print")
    assert "iter" not in capsys.readouterr().err
    nothing = write(tmp_path / "nothing.log", "hello")
    assert conclude(nothing)[0] == 3
    assert "no record of a training" in capsys.readouterr().err


def test_a_thousand_metrics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        json.dumps({"step": s, "loss": 1 / (s + 1), **{f"m{n}": s * n for n in range(1000)}})
        for s in range(20)
    ]
    code, out = conclude(write(tmp_path / "train.jsonl", *lines))
    assert code == 0
    assert len(rows(out)[0]) == 1002
    assert (out / "report.html").stat().st_size < 300_000
    capsys.readouterr()
    conclude(tmp_path / "train.jsonl", "--prompt")
    prompt = capsys.readouterr().out
    assert len(prompt.splitlines()) < 20
    conclude(tmp_path / "train.jsonl", "--print")
    assert "995 more metrics are in metrics.csv." in capsys.readouterr().out


def test_hostile_names_and_the_direction_of_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        json.dumps(
            {
                "step": s,
                "loss": 1 / (s + 1),
                **dict.fromkeys(HOSTILE, s),
                **dict.fromkeys(KNOWN, (s - 9) ** 2),
            }
        )
        for s in range(20)
    ]
    code, out = conclude(write(tmp_path / "train.jsonl", *lines))
    assert code == 0
    found = summary(out)
    assert (found["best_bleu"], found["best_wer"], found["best_ppl"]) == (100, 0, 0)
    assert found["best_accuracy"] == 100
    assert "best_mystery" not in found
    page = (out / "report.html").read_text()
    assert "<script>alert" not in page
    draft = (out / "report_draft.md").read_text()
    assert "| mystery | 100 |  | not known |" in draft
    assert max(map(len, draft.splitlines())) < 300
    monkeypatch.setenv("COLUMNS", "80")
    capsys.readouterr()
    conclude(tmp_path / "train.jsonl", "--print")
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    assert "\u202e" not in printed


def test_attempts_are_marked_in_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [NANO.format(n, "2.0") for n in range(60)] + [
        NANO.format(n, "1.0") for n in range(40, 99)
    ]
    code, out = conclude(write(tmp_path / "train.log", *lines))
    assert code == 0
    assert summary(out)["attempts"] == 2
    assert summary(out)["steps_recorded"] == 99
    assert "- Attempts: 2" in (out / "report_draft.md").read_text()
    capsys.readouterr()
    conclude(tmp_path / "train.log", "--print")
    assert "┆ attempt 2" in capsys.readouterr().out


def test_a_metric_that_the_newest_attempt_has_not_come_to(tmp_path: Path) -> None:
    first = [
        f"{{'loss': {1 + 1 / n:.3f}, 'learning_rate': 5e-05, 'epoch': {n / 10}}}"
        for n in range(1, 30)
    ]
    evaluated = "{'eval_loss': 0.5, 'eval_runtime': 3.2, 'epoch': 2.9}"
    again = [
        f"{{'loss': {2 + 1 / n:.3f}, 'learning_rate': 5e-05, 'epoch': {n / 10}}}"
        for n in range(1, 12)
    ]
    code, out = conclude(write(tmp_path / "train.log", *first, evaluated, *again))
    assert code == 0
    found = summary(out)
    assert (found["final_loss"], found["final_val_loss"], found["best_val_loss"]) == (
        2.091,
        None,
        0.5,
    )
    assert conclude(tmp_path / "train.log", "--print")[0] == 0


def test_other_ranks_curves_are_resolved_too(tmp_path: Path) -> None:
    for rank in range(2):
        lines = [
            f"[rank{rank}]: iter {n}: loss {1 + rank}.0, time 12.00ms, mfu 1.00%" for n in range(60)
        ]
        lines += [
            f"[rank{rank}]: iter {n}: loss {3 + rank}.0, time 12.00ms, mfu 1.00%"
            for n in range(40, 90)
        ]
        write(tmp_path / f"rank{rank}.log", *lines)
    code, out = conclude(tmp_path)
    assert code == 0
    page = (out / "report.html").read_text()
    data = json.loads(
        page.partition('type="application/json"')[2].partition(">")[2].partition("</")[0]
    )
    (other,) = data["ranks"]
    assert other["x"] == list(range(90))
    assert other["mean"] == [2.0] * 40 + [4.0] * 50
