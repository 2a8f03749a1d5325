#!/usr/bin/env python3
"""A real DistributedDataParallel training that writes the logs trainwatch reads.

A small convolutional autoencoder learns to clean noisy images of shapes. It runs on any number of
ranks (gloo on CPUs, NCCL where there are GPUs), or as one plain process:

    torchrun --standalone --nproc-per-node 2 examples/train_ddp.py --epochs 3
    python examples/train_ddp.py --epochs 3
"""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import torch
from ddp_data import ShardStream, Share, prepare_shards
from ddp_dist import World, join_world
from ddp_faults import KINDS, Faults, Kind, Point
from ddp_loop import CutOff, Job, Trainer
from ddp_options import Options, parse_options
from ddp_runlogs import RunLogs, open_logs
from ddp_state import Shape, TrainState, UsageError, build_state, find_checkpoint, resume
from torch.distributed.elastic.multiprocessing.errors import record

LR_DECAY = 0.98
NO_FAULT = Kind("none")


@record
def main(argv: Sequence[str] | None = None) -> None:
    options = parse_options(argv)
    # Looked at before the ranks meet: none of them can have struck in this attempt yet.
    struck_before = options.inject_once and fault_marker(options).exists()
    world = join_world(timedelta(seconds=options.timeout))
    logs = open_logs(options, world)
    try:
        run(prepare(options, world, logs, armed=not struck_before))
    except CutOff:
        pass
    except UsageError as error:
        if world.is_main:
            print(f"{Path(__file__).name}: error: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    except Exception as error:
        logs.debug.error(f"{type(error).__name__}: " + str(error).partition("\n")[0])
        raise
    # Not after an error: the peers shall see at once that this rank is gone.
    world.close()
    logs.close()


def run(job: Job) -> None:
    job.logs.chinese.open()
    job.logs.debug.start(job.world.size)
    describe(job)
    job.faults.reach(Point.START, 0)
    if job.faults.strikes("bad_shard", job.options.inject_step):
        job.train.damage(job.options.inject_step)

    def decay(epoch: int) -> float:
        job.faults.reach(Point.SCHEDULER, epoch * job.train.share.batches - 1)
        return LR_DECAY**epoch

    state = build_state(job.options, job.world, decay)
    start(job, state)
    Trainer(job, state).fit()


def prepare(options: Options, world: World, logs: RunLogs, *, armed: bool) -> Job:
    torch.use_deterministic_algorithms(options.deterministic)
    faults = make_faults(options, world, armed=armed)

    def stream(name: str, samples: int, *, training: bool) -> ShardStream:
        shards = prepare_shards(options.output_dir / "data", name, samples, options.seed, world)
        share = Share(world.size, max(1, options.num_workers), shards.count, options.batch_size)
        if share.batches == 0:
            raise UsageError(f"{samples} samples in {name}: less than a batch for every worker")
        return ShardStream(shards, share, world.rank, logs.debug, faults, training=training)

    train = stream("train_shards", options.samples, training=True)
    validation = None
    if options.val_samples > 0:
        validation = stream("val_shards", options.val_samples, training=False)
    return Job(options, world, logs, faults, train, validation, make_shape(options, train.share))


def make_shape(options: Options, share: Share) -> Shape:
    return Shape(
        ranks=share.ranks,
        workers=share.workers,
        batch_size=share.batch_size,
        batches=share.batches,
        accumulate=options.accumulate,
        seed=options.seed,
    )


def make_faults(options: Options, world: World, *, armed: bool) -> Faults:
    kind = KINDS.get(options.inject or "", NO_FAULT)
    target = options.inject_rank
    if target is None:
        target = min(kind.rank, world.size - 1)
    if target >= world.size:
        raise UsageError(f"--inject_rank {target}: the world size is {world.size}")
    return Faults(
        name=options.inject,
        rank=world.rank,
        at=options.inject_step,
        seconds=options.inject_seconds,
        marker=fault_marker(options) if options.inject_once else None,
        armed=armed and (kind.all_ranks or world.rank == target),
    )


def fault_marker(options: Options) -> Path:
    return options.output_dir / f"injected_{options.inject}"


def describe(job: Job) -> None:
    """The configuration, in the main log."""
    options, world, debug = job.options, job.world, job.logs.debug
    if debug.own.path is not None:
        debug.info(f"Monitor logs with: tail -f {debug.own.path}")
    debug.info(
        f"Configuration: world size {world.size} on {world.device.type}, {options.epochs} epochs"
    )
    debug.info(
        f"Configuration: {job.train.share.batches} batches of {options.batch_size} an epoch and "
        f"rank, learning rate {options.lr:g}, seed {options.seed}"
    )


def start(job: Job, state: TrainState) -> None:
    """Begin afresh, or continue from a checkpoint."""

    def complain(text: str) -> None:
        if job.world.is_main:
            print(f"warning: {text}", file=sys.stderr)
            job.logs.debug.warning(text)

    chinese = job.logs.chinese
    path = find_checkpoint(job.options, job.world, complain)
    if path is None:
        chinese.say("🆕 开始新的训练")
        return
    chinese.say(f"🔄 检测到checkpoint: {path.stem}")
    resume(path, state, job.shape, job.world.rank, complain)
    chinese.say("✅ 从checkpoint恢复训练")
    at = state.progress
    job.logs.debug.info(
        f"Resumed from {path.name} (epoch {at.epoch}, batch {at.batch}, step {at.step})"
    )


if __name__ == "__main__":
    main()
