"""Hugging Face's own Trainer under `trainwatch run`: killed, its newest checkpoint damaged, completed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

TRAINING = """
import os, signal, sys
from pathlib import Path
import torch
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments

class Line(torch.utils.data.Dataset):
    def __len__(self):
        return 64
    def __getitem__(self, index):
        x = torch.tensor([index / 64])
        return {"x": x, "labels": 2 * x + 1}

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(1, 1)
    def forward(self, x, labels):
        y = self.layer(x)
        return {"loss": nn.functional.mse_loss(y, labels), "logits": y}

tries = Path("tries")
number = int(tries.read_text()) + 1 if tries.exists() else 1
tries.write_text(str(number))

class Dies(TrainerCallback):
    def on_step_end(self, args, state, control, **more):
        if (number, state.global_step) == (1, 13):
            os.kill(os.getpid(), signal.SIGKILL)
        if (number, state.global_step) == (2, 21):
            os.truncate("out/checkpoint-20/model.safetensors", 100)
            raise RuntimeError("node failure")

resume = sys.argv[2] if len(sys.argv) > 2 else None
print("from", resume, flush=True)
arguments = TrainingArguments(
    output_dir="out", num_train_epochs=4, per_device_train_batch_size=8, logging_steps=1,
    save_steps=5, save_total_limit=3, report_to=[], disable_tqdm=True, use_cpu=True, seed=0,
)
trainer = Trainer(model=Model(), args=arguments, train_dataset=Line(), callbacks=[Dies()])
trainer.train(resume_from_checkpoint=resume)
trainer.save_model("final")
"""


def test_it_goes_on_from_the_newest_sound_checkpoint_and_ends_complete(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs transformers")
    (tmp_path / "train.py").write_text(TRAINING)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "trainwatch", "run", "--exp-id", "x", "--no-tui"),
            *("--max-attempts", "5", "--restart-delay", "0", "--checkpoints", "out"),
            *("--until-exists", "final/model.safetensors", "--"),
            *(sys.executable, "train.py", "--resume", "{checkpoint}"),
        ],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    begun = [line for line in done.stdout.splitlines() if line.startswith("from ")]
    assert begun == [
        "from None",
        f"from {tmp_path}/out/checkpoint-10",
        f"from {tmp_path}/out/checkpoint-15",
    ]
    assert "checkpoint-20 is damaged and is passed over" in done.stderr
    results = tmp_path / "trainwatch_runs" / "x" / "results" / "x"
    with (results / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["epoch"]) for row in rows] == [n / 8 for n in range(1, 33)]
    summary = json.loads((results / "summary.json").read_text())
    assert (summary["status"], summary["attempts"]) == ("completed", 3)
    assert summary["checkpoint"]["step"] == 32
