"""The callbacks in real trainings of their frameworks: the examples, as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainwatch import HealthChecker
from trainwatch.checkpoints import survey

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("module", "script"),
    [("transformers", "huggingface_trainer.py"), ("lightning", "lightning_module.py")],
)
def test_the_callback_of_a_framework(tmp_path: Path, module: str, script: str) -> None:
    pytest.importorskip("torch", reason="needs torch")
    if not any((Path(place) / module).is_dir() for place in sys.path):
        pytest.skip(f"needs {module}")
    done = subprocess.run(
        [sys.executable, EXAMPLES / script, tmp_path],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    log = next((tmp_path / "logs").glob("debug_rank0_*.log")).read_text()
    assert log.count("Training step") == 16
    assert "EPOCH 1 TRAINING END" in log
    report = HealthChecker(tmp_path / "logs").check()
    assert (report.healthy, report.status) == (True, "completed")
    assert (tmp_path / "signals" / "run.healthy").exists()
    assert (tmp_path / "signals" / "run.done").exists()
    if module == "transformers":
        assert survey([str(tmp_path / "results")], 0.0).newest.step == 16
