"""Hugging Face Trainer and what is built on it: TRL, LLaMA-Factory."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import DICT, JSON, VALIDATION, record

TRL = Dialect(
    name="trl",
    title="TRL: SFT, preference and online trainers",
    records=(
        record(
            "trl.sft",
            DICT,
            (
                (
                    "{'loss': 1.2041, 'grad_norm': 0.81, 'learning_rate': 2e-05, 'num_tokens': 20480.0, "
                    "'mean_token_accuracy': 0.7012, 'epoch': 0.1}"
                ),
                {"loss": 1.2041, "lr": 2e-05, "epoch": 0.1},
            ),
            keys=("loss", "learning_rate", "mean_token_accuracy"),
        ),
        record(
            "trl.preference",
            DICT,
            (
                (
                    "{'loss': 0.6931, 'grad_norm': 2.1, 'learning_rate': 5e-07, 'rewards/chosen': 0.0, "
                    "'rewards/rejected': 0.0, 'rewards/margins': 0.0, 'epoch': 0.01}"
                ),
                {"loss": 0.6931, "epoch": 0.01},
            ),
            keys=("loss", "rewards/chosen"),
        ),
        record(
            "trl.online",
            DICT,
            (
                (
                    "{'loss': '0.0', 'grad_norm': '0.31', 'learning_rate': '1e-06', 'reward': '0.42', "
                    "'reward_std': '0.1', 'kl': '0.0003', 'completions/mean_length': '201.5', "
                    "'epoch': '0.02'}"
                ),
                {"loss": 0.0, "epoch": 0.02},
            ),
            keys=("loss", "reward", "reward_std"),
        ),
    ),
)

TRAINER = Dialect(
    name="hf_trainer",
    title="Hugging Face Trainer",
    records=(
        record(
            "hf_trainer.step",
            DICT,
            (
                "{'loss': 1.6282, 'learning_rate': 1.8562e-05, 'epoch': 0.22}",
                {"loss": 1.6282, "lr": 1.8562e-05, "epoch": 0.22},
            ),
            (
                "{'loss': '0.6915', 'grad_norm': 'nan', 'learning_rate': '3.542e-05', 'epoch': '1'}",
                {"loss": 0.6915, "lr": 3.542e-05, "epoch": 1.0},
            ),
            keys=("loss", "learning_rate", "epoch"),
        ),
        record(
            "hf_trainer.eval",
            DICT,
            (
                (
                    "{'eval_loss': 0.5012, 'eval_accuracy': 0.81, 'eval_runtime': 3.1, "
                    "'eval_samples_per_second': 120.0, 'epoch': 1.0}"
                ),
                {},
            ),
            keys=("eval_runtime",),
            split=VALIDATION,
        ),
        record(
            "hf_trainer.summary",
            DICT,
            (
                (
                    "{'train_runtime': 120.5, 'train_samples_per_second': 31.0, 'train_loss': 0.71, "
                    "'epoch': 3.0}"
                ),
                {},
            ),
            keys=("train_runtime",),
            ignore=True,
        ),
    ),
)

LLAMAFACTORY = Dialect(
    name="llamafactory",
    title="LLaMA-Factory's trainer_log.jsonl",
    records=(
        record(
            "llamafactory.step",
            JSON,
            (
                (
                    '{"current_steps": 10, "total_steps": 300, "loss": 1.4021, "lr": 4.9e-05, '
                    '"epoch": 0.1, "percentage": 3.33, "elapsed_time": "0:00:36", '
                    '"remaining_time": "0:17:30"}'
                ),
                {"step": 10, "total_steps": 300, "loss": 1.4021, "lr": 4.9e-05, "epoch": 0.1},
            ),
            keys=("current_steps", "total_steps"),
            names={
                "current_steps": "step",
                "percentage": "",
                "elapsed_time": "",
                "remaining_time": "",
            },
        ),
    ),
)

DIALECTS = (TRL, TRAINER, LLAMAFACTORY)
