#!/usr/bin/env python3
"""Hugging Face's Trainer with trainwatch's callback: a small model on made-up data, on the CPU.

python examples/huggingface_trainer.py OUTPUT_DIR
"""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments

from trainwatch.hooks.huggingface import TrainwatchCallback


class Line(Dataset[dict[str, Tensor]]):
    """Points of a line."""

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        x = torch.tensor([index / 64])
        return {"x": x, "labels": 2 * x + 1}


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        y = self.layer(x)
        return {"loss": nn.functional.mse_loss(y, labels), "logits": y}


def main(output: Path) -> None:
    arguments = TrainingArguments(
        output_dir=str(output / "results"),
        num_train_epochs=2,
        per_device_train_batch_size=8,
        logging_steps=1,
        save_steps=8,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        seed=0,
    )
    callback = TrainwatchCallback(output / "logs", healthy_after=4)
    Trainer(model=Model(), args=arguments, train_dataset=Line(), callbacks=[callback]).train()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "output"))
