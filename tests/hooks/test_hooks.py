"""What training scripts import: signal files, logs, and the callbacks of frameworks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from trainwatch import HealthCheckConfig, HealthChecker
from trainwatch.hooks import RankLogger, TrainingHooks
from trainwatch.signs import duration, failed


def test_only_rank_0_writes_signals(tmp_path: Path) -> None:
    TrainingHooks("x", tmp_path, rank=1).mark_healthy(1, 0.5)
    assert list(tmp_path.iterdir()) == []
    hooks = TrainingHooks("x", tmp_path, rank=0)
    hooks.mark_healthy(100, 0.54321)
    text = (tmp_path / "x.healthy").read_text()
    assert text.startswith("status: healthy\nstep: 100\nloss: 0.543210\ntimestamp: 20")
    assert json.loads((tmp_path / "x.healthy.json").read_text())["loss"] == 0.54321
    hooks.mark_failed("Loss explosion:\n1e12")
    text = (tmp_path / "x.failed").read_text()
    assert text.startswith("status: failed\nreason: Loss explosion: 1e12\ntimestamp: 20")
    hooks.mark_done(0)
    assert (tmp_path / "x.done").read_text().startswith("status: done\nreturn_code: 0\nduration: 0")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("x.done", "x.done.json", "x.healthy", "x.healthy.json")
    ]


def test_the_words_of_signal_files() -> None:
    assert duration(9045) == "02:30:45"
    assert duration(360000) == "100:00:00"
    assert failed("\x1b[31m", 0.0)["reason"] == "[31m"


def test_a_directory_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    TrainingHooks("x", tmp_path / "file", rank=0).mark_done()
    log = RankLogger(tmp_path / "file", rank=0, world_size=1)
    log.train_step(0, 0.5)
    log.close()
    log.train_step(1, 0.5)


def test_hooks_load_the_standard_library_only() -> None:
    code = (
        "import sys; before = set(sys.modules); import trainwatch.hooks;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - sys.stdlib_module_names == {"trainwatch"}


def write_logs(directory: Path, *losses: float) -> None:
    for rank in (0, 1):
        with RankLogger(directory, rank, 2) as log:
            log.train_start(0)
            for step, loss in enumerate(losses):
                log.train_step(step, loss)
            log.train_end(0)
            log.validation_start(0)
            log.validation_step(0, 0.25)
            log.validation_end(0)


def test_what_the_rank_logger_writes_is_understood(tmp_path: Path) -> None:
    write_logs(tmp_path, 0.9, 0.8, 0.7)
    report = HealthChecker(tmp_path).check()
    assert (report.healthy, report.step, report.loss) == (True, 0, 0.7)
    assert report.metrics["val_loss"] == 0.25


def test_a_run_knows_the_logs_of_a_training_that_is_over_at_once(tmp_path: Path) -> None:
    """They are closed before the supervisor looks for open files."""
    script = "from trainwatch.hooks import RankLogger as R\nwith R('logs') as log: log.train_step(3, 0.5)"
    subprocess.run(
        [
            *(sys.executable, "-m", "trainwatch", "run", "--run-dir", "x", "--no-report"),
            *("--", sys.executable, "-c", script),
        ],
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
        capture_output=True,
        check=True,
        timeout=60,
    )
    logs = json.loads((tmp_path / "x" / "run.json").read_text())["logs"]
    assert logs == sorted(map(str, (tmp_path / "logs").iterdir()))
    assert len(logs) == 2


def test_the_checker_says_what_is_wrong(tmp_path: Path) -> None:
    write_logs(tmp_path, 0.9, 0.8, float("nan"))
    report = HealthChecker(tmp_path).check()
    assert report.healthy is False
    assert "NaN" in report.reason


def test_the_checker_takes_thresholds(tmp_path: Path) -> None:
    write_logs(tmp_path, *([0.5] * 100), 5.0, 5.0)
    assert HealthChecker(tmp_path).check().healthy
    assert HealthChecker(tmp_path, HealthCheckConfig(loss_growth=5)).check().healthy is False


def test_a_log_without_progress_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text("hello\n")
    assert HealthChecker(tmp_path).check().healthy is None


def test_the_manual_does_what_it_says(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "hooks.md").read_text()
    loop, check = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", f"{loop}\n{check}\nprint(report.healthy, report.status)"],
        cwd=tmp_path,
        env={name: text for name, text in os.environ.items() if not name.startswith("TRAINWATCH_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True completed\n", "")
    assert "step: 20" in (tmp_path / "signals" / "run.healthy").read_text()
    assert "status: done" in (tmp_path / "signals" / "run.done").read_text()
