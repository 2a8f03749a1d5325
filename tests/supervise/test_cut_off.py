"""A training that is cut off again and again ends where one that ran through ends."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from supervision import ROOT, Trainwatch

from trainwatch.supervise.record import read_record

OPTIONS = (
    *("--epochs", "2", "--samples", "96", "--batch_size", "4", "--val_samples", "0"),
    *("--checkpoint_every", "3", "--deterministic", "--output_dir", "out"),
)
STEPS = 48
CUT = """
n=$(cat attempt 2>/dev/null || echo 1); echo $((n + 1)) > attempt
"$PYTHON" "$SCRIPT" $OPTIONS $([ $n -le $CUTS ] && echo --max_steps $((n * 7))) "$@"
[ $n -gt $CUTS ] || kill -KILL $$
"""


def weights(directory: Path) -> dict[str, bytes]:
    import torch  # noqa: PLC0415

    state = torch.load(directory / "out" / "pytorch_model.bin", weights_only=True)
    return {name: tensor.numpy().tobytes() for name, tensor in state.items()}


@pytest.mark.parametrize("cuts", [2, pytest.param(5, marks=pytest.mark.long)])
def test_it_ends_with_the_same_weights_and_every_step_once(tw: Trainwatch, cuts: int) -> None:
    pytest.importorskip("torch", reason="needs torch")
    (tw.home / "cut.sh").write_text(CUT)
    script = str(ROOT / "examples" / "train_ddp.py")
    tw.env |= {"PYTHON": sys.executable, "SCRIPT": script, "OPTIONS": " ".join(OPTIONS)}
    tw.env |= {"CUTS": str(cuts), "OMP_NUM_THREADS": "1"}
    (tw.home / "through").mkdir()
    through = subprocess.Popen(
        [sys.executable, script, *OPTIONS],
        cwd=tw.home / "through",
        env=tw.env,
        stdout=subprocess.DEVNULL,
    )
    done = tw.call(
        *("run", "--report", "--exp-id", "x", "--max-attempts", "6", "--restart-delay", "0"),
        *("--until-exists", "out/pytorch_model.bin", "--checkpoints", "out"),
        *("--", "bash", "cut.sh", "--resume", "{checkpoint}"),
        patience=180,
    )
    assert through.wait(60) == 0
    assert done.returncode == 0, done.stderr
    record = read_record(tw.run_dir("x"))
    assert [attempt.exit_code for attempt in record.attempts] == [*[137] * cuts, 0]
    assert all(attempt.checkpoint for attempt in record.attempts[1:])
    assert weights(tw.home) == weights(tw.home / "through")
    with (tw.run_dir("x") / "results" / "x" / "metrics.csv").open() as file:
        rows = [(row["epoch"], row["step"]) for row in csv.DictReader(file)]
    assert len(rows) == len(set(rows)) == STEPS
