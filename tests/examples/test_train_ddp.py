"""The example training, run for real: what it writes, and that it resumes exactly."""

import csv
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# In one process: 24 batches an epoch, 8 updates.
SMALL = ["--epochs", "3", "--samples", "96", "--val_samples", "24", "--accumulate", "3"]

Train = Callable[..., None]


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch) -> Train:
    """Runs the example in this process, as a world of one."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delenv("RANK", raising=False)
    main = importlib.import_module("train_ddp").main

    def run(output: Path, *options: str) -> None:
        main([*SMALL, "--output_dir", str(output), *options])

    return run


def only(directory: Path, pattern: str) -> str:
    (path,) = directory.glob(pattern)
    return path.read_text("utf-8")


def rows(directory: Path, pattern: str) -> list[dict[str, str]]:
    return list(csv.DictReader(only(directory, pattern).splitlines()))


def weights(output: Path) -> dict[str, Any]:
    loaded = torch.load(output / "pytorch_model.bin", weights_only=True)
    assert isinstance(loaded, dict)
    return loaded


def assert_same_weights(one: Path, other: Path) -> None:
    left, right = weights(one), weights(other)
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.torchrun
def test_two_ranks_write_every_record(tmp_path: Path) -> None:
    # 96 samples / 2 ranks / 4 = 12 batches an epoch; 48 / 2 / 4 = 6 of validation
    options = "--epochs 2 --samples 96 --val_samples 48 --val_log_interval 2 --num_workers 1"
    job = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"),
            *(str(EXAMPLES / "train_ddp.py"), "--output_dir", str(tmp_path), *options.split()),
            *("--log_batch_metrics", "--log_interval", "4", "--checkpoint_every", "5"),
        ],
        capture_output=True,
        timeout=120,
        check=False,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert (job.returncode, job.stderr) == (0, "")
    assert job.stdout.startswith("🆕 开始新的训练\n")
    assert job.stdout.endswith("✅ 训练完成！\n")
    assert job.stdout.count("Batch Loss: ") == 2 * 3

    full = only(tmp_path, "log/training_*.log")
    assert full.count("Batch Loss: ") == 2 * 12
    assert full.count("平均损失: ") == 2
    assert "Epoch [2/2] - 进度 83.3% (10/12) - Batch Loss: " in full

    for rank in (0, 1):
        debug = only(tmp_path, f"logs/debug_rank{rank}_*.log")
        assert debug.count(f"[DEBUG] [Rank {rank}] Training step ") == 2 * 12
        assert debug.count(f"[DEBUG] [Rank {rank}] Validation step ") == 2 * 3
        assert debug.count("] ========== EPOCH ") == 2 * 4
        assert debug.count(f"[Rank {rank}/2 Worker 0/1] Processing 4/8 files from train_sh") == 2
        assert debug.count(f"[Rank {rank} Worker 0] COMPLETED iteration, total samples: 48\n") == 2
        assert debug.count(f"[Rank {rank}] Processed 12 training batches\n") == 2
    assert only(tmp_path, "logs/train_*.log").endswith("[INFO] Training complete\n")

    epochs = rows(tmp_path, "metrics/epoch_metrics_*.csv")
    assert [row["epoch"] for row in epochs] == ["1", "2"]
    assert float(epochs[1]["loss"]) < float(epochs[0]["loss"])
    assert len(rows(tmp_path, "metrics/batch_metrics_*.csv")) == 2 * 12
    kept = sorted(path.name for path in tmp_path.glob("checkpoints/*"))
    assert kept == ["checkpoint-15.pt", "checkpoint-20.pt", "checkpoint-24.pt"]


# The loader warns where there are fewer CPUs than workers.
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")
@pytest.mark.parametrize("extra", [[], ["--amp", "--num_workers", "2"]], ids=["plain", "amp"])
def test_a_resumed_training_ends_as_if_never_cut(
    tmp_path: Path, train: Train, extra: list[str]
) -> None:
    straight, cut = tmp_path / "straight", tmp_path / "cut"
    train(straight, *extra)
    # Cut in the middle of epoch 2, two updates after a checkpoint in the middle of it, where it
    # is not the first loader worker's turn.
    train(cut, "--checkpoint_every", "3", "--max_steps", "11", *extra)
    assert not (cut / "pytorch_model.bin").exists()
    for path in cut.glob("metrics/*"):
        path.unlink()
    train(cut, "--resume", *extra)

    assert_same_weights(straight, cut)
    timed = {"epoch_seconds", "timestamp"}
    whole, resumed = (
        [{key: row[key] for key in row.keys() - timed} for row in rows(output, "metrics/epoch_*")]
        for output in (straight, cut)
    )
    assert resumed == whole[1:]


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut_off, flip_a_bit])
def test_a_damaged_checkpoint_means_the_next_older_one(
    tmp_path: Path,
    train: Train,
    damage: Callable[[Path], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    straight, cut = tmp_path / "straight", tmp_path / "cut"
    train(straight)
    train(cut, "--checkpoint_every", "5", "--max_steps", "16")
    damage(cut / "checkpoints/checkpoint-15.pt")
    capfd.readouterr()
    train(cut, "--resume")

    said = capfd.readouterr()
    assert said.err.startswith("warning: checkpoint-15.pt is damaged (")
    assert "🔄 检测到checkpoint: checkpoint-10\n✅ 从checkpoint恢复训练\n" in said.out
    assert_same_weights(straight, cut)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--lr", "nan"], "must be a finite number"),
        (["--epoch", "3"], "unrecognized arguments"),
        (["--samples", "11"], "less than a batch"),
        (["--resume", "absent.pt"], "cannot resume from absent.pt"),
        (["--inject", "nan", "--inject_rank", "1"], "the world size is 1"),
        (["--inject", "loader_child_hang"], "needs --num_workers"),
    ],
)
def test_a_bad_option_is_one_clear_sentence(
    tmp_path: Path,
    train: Train,
    capfd: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
) -> None:
    with pytest.raises(SystemExit) as stopped:
        train(tmp_path, *options)
    assert stopped.value.code == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert "error: " in said
    assert reason in said
