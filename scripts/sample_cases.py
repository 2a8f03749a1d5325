"""The cases of `sample_logs/`: which job each one is, and what it is to show."""

from dataclasses import dataclass
from enum import Enum

SCRIPT = "examples/train_ddp.py"


class Until(Enum):
    """When a job is copied."""

    EXIT_0 = "it has ended well"
    EXIT_1 = "it has failed"
    HANG = "it has written its last line and then nothing for some seconds"
    RUNNING = "it has got so far, while it goes on"


@dataclass(frozen=True)
class Case:
    """One directory of samples, of one or several attempts.

    `mark` is a text that must be in the logs before a job that does not end is copied.
    """

    name: str
    ranks: int
    until: Until
    attempts: tuple[str, ...]
    story: str
    verdict: str
    mark: str = ""


SMALL = "--samples 480 --val_samples 192 --val_log_interval 4"
LARGER = "--epochs 20 --samples 960 --val_samples 384 --val_log_interval 4 --log_interval 5"
UNVALIDATED = "--samples 696 --val_samples 0"
HANGING = "--epochs 5 --samples 720 --val_samples 288 --val_log_interval 4 --log_interval 10"

CASES = (
    Case(
        "healthy_4ranks",
        4,
        Until.RUNNING,
        (f"{LARGER} --num_workers 1 --log_batch_metrics --checkpoint_every 40 --step_delay 0.05",),
        "4 ranks, cut while all is well, in epoch 2",
        "no alarm; it was running, but the logs simply end: undecided, not a hang",
        mark="Epoch [3/20] - 进度 83.3% (50/60)",
    ),
    Case(
        "finished",
        2,
        Until.EXIT_0,
        (f"--epochs 4 {SMALL} --num_workers 2 --log_batch_metrics",),
        "2 ranks with 2 loader workers each, validation after each epoch, trained to the end",
        "finished; no alarm",
    ),
    Case(
        "demo",
        2,
        Until.EXIT_0,
        ("--epochs 5 --samples 480 --val_samples 96 --val_log_interval 4 --step_delay 0.12",),
        "2 ranks at a pace that people can follow, trained to the end; `trainwatch demo` replays it "
        "where torch is not installed",
        "finished; no alarm",
    ),
    Case(
        "hang_train_to_validation",
        3,
        Until.HANG,
        (f"{HANGING} --inject sync_hang --inject_rank 1 --inject_step 70",),
        "rank 1 never reaches the barrier after epoch 1's training; the others wait in it",
        "stopped between TRAINING END and VALIDATION START; all ranks stand at the same line, so "
        "whether it hangs, and who is guilty, is undecided without a live process or stacks",
        mark="EPOCH 1 TRAINING END",
    ),
    Case(
        "stuck_checkpoint",
        3,
        Until.HANG,
        (f"{HANGING} --inject checkpoint_hang --inject_step 70",),
        "rank 0 hangs in the checkpoint after epoch 1; the others wait for it",
        "hang after VALIDATION END: rank 0's last line is `Saving checkpoint...`, no `Checkpoint "
        "saved` followed",
        mark="EPOCH 1 VALIDATION END",
    ),
    Case(
        "silent_rank",
        3,
        Until.HANG,
        (f"{HANGING} --inject silent --inject_rank 2 --inject_step 95",),
        "rank 2 falls silent in epoch 1 after batch 34; the others have batch 35 and wait",
        "hang in training; rank 2 is behind the others: suspect",
        mark="[Rank 1] ========== EPOCH 1 TRAINING START",
    ),
    Case(
        "nan",
        2,
        Until.EXIT_0,
        (f"--epochs 2 {SMALL} --inject nan --inject_rank 1 --inject_step 75",),
        "rank 1's loss is NaN at batch 15 of epoch 1, everybody's from the next one on; exit 0",
        "NaN loss, first on rank 1 in epoch 1, batch 15; it finished, but the training is lost",
    ),
    Case(
        "oom",
        2,
        Until.EXIT_1,
        (f"--epochs 3 {SMALL} --inject oom --inject_rank 1 --inject_step 75",),
        "rank 1 raises an out-of-memory error, injected, as its text says; rank 0 dies of that",
        "failed: out of memory on rank 1; rank 0 is a victim",
    ),
    Case(
        "resumed",
        2,
        Until.EXIT_0,
        (
            f"--epochs 3 {SMALL} --checkpoint_every 25 --max_steps 88",
            f"--epochs 3 {SMALL} --checkpoint_every 25 --resume",
        ),
        "cut off after 88 steps, then resumed from step 75 (epoch 1, batch 15) and finished",
        "two attempts, the second one finished; batches 15 to 27 of epoch 1 appear in both",
    ),
    Case(
        "chinese",
        2,
        Until.EXIT_0,
        (f"--style chinese --epochs 3 {UNVALIDATED} --log_batch_metrics --log_interval 10",),
        "only the per-batch logs in Chinese; 87 batches an epoch, every tenth on the console",
        "finished; no alarm",
    ),
    Case(
        "no_timestamps",
        2,
        Until.EXIT_0,
        (f"--style autoencoder --timestamps none --epochs 3 {SMALL} --num_workers 1",),
        "only the autoencoder's logs, and they state no time",
        "finished; no alarm; no time is given as if it had been logged",
    ),
    Case(
        "info_only",
        2,
        Until.EXIT_0,
        (f"--style autoencoder --no-debug --epochs 3 {SMALL}",),
        "debug lines turned off: only [INFO] lines are left",
        "finished; no alarm; no steps are known",
    ),
)


def command(case: Case, attempt: str, output: str) -> list[str]:
    ranks = ["--standalone", "--nproc-per-node", str(case.ranks)]
    return ["torchrun", *ranks, SCRIPT, *attempt.split(), "--output_dir", output]


def readme() -> str:
    """The text of `sample_logs/README.md`."""
    head = """\
# Recorded training logs

What real jobs of `examples/train_ddp.py` left behind (gloo on CPUs), recorded by
`python scripts/record_samples.py [CASE ...]`, which writes this file too. Machine paths and host
names are replaced; nothing else is changed. `console.log` is torchrun's stdout and stderr; of a
job that hung, it was copied before the job was ended. GPU errors are injected and say so.

| case | what happened | what trainwatch should say | how it was recorded |
|---|---|---|---|
"""
    rows = []
    for case in CASES:
        commands = (" ".join(command(case, attempt, "DIR")) for attempt in case.attempts)
        how = "; then ".join(f"`{text}`" for text in commands)
        rows.append(f"| `{case.name}` | {case.story} | {case.verdict} | {how} |\n")
    return head + "".join(rows)
