"""The command line of the example."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ddp_faults import KINDS, table
from ddp_logs import TIMESTAMPS

NEWEST = "newest"
STYLES = ("both", "autoencoder", "chinese")


@dataclass(frozen=True)
class Options:
    """The options, checked. Times are seconds."""

    epochs: int
    batch_size: int
    lr: float
    samples: int
    val_samples: int
    num_workers: int
    seed: int
    accumulate: int
    amp: bool
    deterministic: bool
    timeout: float
    output_dir: Path
    checkpoint_every: int
    resume: str | None
    max_steps: int | None
    style: str
    log_interval: int
    log_batch_metrics: bool
    rank_log_interval: int
    val_log_interval: int
    debug: bool
    timestamps: str
    step_delay: float
    inject: str | None
    inject_rank: int | None
    inject_step: int
    inject_seconds: float | None
    inject_once: bool


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """The options of the command line; a bad one ends the process with code 2."""
    parser = build_parser()
    options = parser.parse_args(argv)
    kind = KINDS.get(options.inject or "")
    if kind and kind.rank == 0 and options.inject_rank not in {None, 0}:
        parser.error(f"--inject {options.inject} strikes rank 0 only")
    if kind and kind.needs_workers is True and options.num_workers == 0:
        parser.error(f"--inject {options.inject} needs --num_workers of 1 or more")
    if kind and kind.needs_workers is False and options.num_workers > 0:
        parser.error(f"--inject {options.inject} needs --num_workers 0")
    return Options(**vars(options))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Train a small convolutional autoencoder on rendered shapes with "
        "DistributedDataParallel: torchrun --standalone --nproc-per-node 2 train_ddp.py",
        epilog=table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_training(parser)
    _add_output(parser)
    _add_faults(parser)
    return parser


def _add_training(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("training").add_argument
    add("--epochs", type=_positive, default=200)
    add("--batch_size", type=_positive, default=4, help="per rank")
    add("--lr", type=_amount, default=0.001)
    add(
        "--samples",
        type=_positive,
        default=1368,
        help="training images of all ranks together; an epoch has samples / ranks / batch_size "
        "batches, less what does not divide evenly (files hold 12 images)",
    )
    add("--val_samples", type=_count, default=240, help="validation images; 0: no validation")
    add("--num_workers", type=_count, default=0, help="loader processes of each rank")
    add("--seed", type=_count, default=0)
    add("--accumulate", type=_positive, default=1, metavar="N", help="batches per update")
    add("--amp", action="store_true", help="mixed precision; bfloat16 where it is supported")
    add("--deterministic", action="store_true", help="refuse operations without a fixed order")
    add("--timeout", type=_amount, default=1800.0, metavar="SECONDS",
        help="of collectives, after which a hung job fails")  # fmt: skip


def _add_output(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("output").add_argument
    add("--output_dir", type=Path, default=Path("output"))
    add(
        "--checkpoint_every",
        type=_count,
        default=0,
        metavar="N",
        help="updates between checkpoints, besides the one at each epoch's end; 3 are kept",
    )
    add(
        "--resume",
        nargs="?",
        const=NEWEST,
        metavar="PATH",
        help="continue from PATH, or from the newest sound checkpoint of the output directory",
    )
    add(
        "--max_steps",
        type=_positive,
        metavar="N",
        help="stop after N updates in all, without an end marker, as if cut off",
    )
    add("--style", choices=STYLES, default="both", help="which of the two kinds of logs")
    add("--log_interval", type=_positive, default=1, help="batches between lines on the console")
    add("--log_batch_metrics", action="store_true", help="write batch_metrics_*.csv")
    add("--rank_log_interval", type=_positive, default=1, help="batches between debug lines")
    add("--val_log_interval", type=_positive, default=20, help="the same in validation")
    add("--no-debug", dest="debug", action="store_false", help="leave only [INFO] lines")
    add("--timestamps", choices=tuple(TIMESTAMPS), default="logging")
    add("--step_delay", type=_amount, default=0.0, metavar="SECONDS",
        help="wait this long in every batch, so that a demonstration can be watched")  # fmt: skip


def _add_faults(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("injected faults").add_argument
    add("--inject", choices=tuple(KINDS), metavar="KIND", help="see the list below")
    add(
        "--inject_rank",
        type=_count,
        metavar="R",
        help="the rank that fails; default 1, and 0 for a checkpoint or where there is no other",
    )
    add(
        "--inject_step",
        type=_count,
        default=10,
        metavar="N",
        help="the batch it happens in, counted over the whole run from 0",
    )
    add("--inject_seconds", type=_amount, metavar="S", help="instead of the kind's own duration")
    add("--inject_once", action="store_true",
        help="not again in a later attempt with the same output directory")  # fmt: skip


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def _amount(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError("must be a finite number, 0 or more")
    return value
