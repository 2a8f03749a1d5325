"""The training loop of the example: epochs, batches, validation, checkpoints."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch
from ddp_checkpoint import prune, write_atomically
from ddp_chinese import EpochResult
from ddp_data import ShardStream, make_loader
from ddp_dist import World
from ddp_faults import Faults, Point
from ddp_model import add_noise
from ddp_options import Options
from ddp_runlogs import RunLogs
from ddp_state import Shape, TrainState, amp_type, capture
from torch import Tensor
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

EXPLOSION = 10_000.0


class CutOff(Exception):  # noqa: N818  (it is no error)
    """The training stops here as if cut off."""


@dataclass(frozen=True)
class Job:
    """What stays the same from the first batch to the last."""

    options: Options
    world: World
    logs: RunLogs
    faults: Faults
    train: ShardStream
    validation: ShardStream | None
    shape: Shape


class Trainer:
    """Runs a job's training from wherever its state stands to the end."""

    def __init__(self, job: Job, state: TrainState) -> None:
        self.options = job.options
        self.world = job.world
        self.debug = job.logs.debug
        self.chinese = job.logs.chinese
        self.faults = job.faults
        self.job = job
        self.state = state
        self.at = state.progress
        self.batches = job.train.share.batches
        self._epoch_began = 0.0

    def fit(self) -> None:
        for epoch in range(self.at.epoch, self.options.epochs):
            self._epoch_began = time.monotonic() - self.at.seconds
            self.train_epoch(epoch)
            self.faults.reach(Point.TRAIN_END, self.overall - 1)
            self.world.barrier()
            val_loss = self.validate(epoch)
            self.finish_epoch(val_loss)
        self.finish()

    @property
    def overall(self) -> int:
        """The next batch, counted over the whole run."""
        return self.at.epoch * self.batches + self.at.batch

    # -- one epoch of training

    def train_epoch(self, epoch: int) -> None:
        self.debug.marker(epoch, "TRAINING START")
        stream = replace(self.job.train, epoch=epoch, first=self.at.batch)
        for images in make_loader(stream, self.options.num_workers):
            self.train_batch(images)
        self.debug.processed(self.at.batch)
        self.debug.marker(epoch, "TRAINING END")

    def train_batch(self, images: Tensor) -> None:
        last = self.at.batch + 1 == self.batches
        updates = last or (self.at.batch + 1) % self.options.accumulate == 0
        time.sleep(self.options.step_delay)
        self.faults.reach(Point.BATCH, self.overall)
        if self.faults.strikes("nan", self.overall):
            images[0, 0, 0, 0] = float("nan")
        loss = self.backward(images, updates=updates)
        if updates:
            self.update()
        mean = self.mean_loss(loss, last=last)
        self.faults.reach(Point.METRICS, self.overall)
        self.log_batch(float(loss), mean)
        self.at.add(mean)
        self.at.seconds = time.monotonic() - self._epoch_began
        if updates:
            self.after_update(last=last)

    def backward(self, images: Tensor, *, updates: bool) -> Tensor:
        """This rank's loss, after its gradients were added to the group's."""
        group = self.at.batch // self.options.accumulate * self.options.accumulate
        size = min(self.options.accumulate, self.batches - group)
        model = self.state.model
        alone: AbstractContextManager[None] = nullcontext()
        if isinstance(model, DistributedDataParallel) and not updates:
            alone = model.no_sync()  # the group's gradients are summed with its last batch
        with alone:
            loss = self.loss(model, images.to(self.world.device))
            self.state.scaler.scale(loss / size).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def loss(
        self,
        model: Callable[[Tensor], Tensor],
        images: Tensor,
        noise: torch.Generator | None = None,
    ) -> Tensor:
        device = self.world.device
        with torch.autocast(device.type, amp_type(device), enabled=self.options.amp):
            output = model(add_noise(images, noise))
        return functional.mse_loss(output.float(), images)

    def update(self) -> None:
        if self.faults.strikes("lr_zero", self.overall):
            self.state.set_lr(0.0)
        if self.faults.strikes("explosion", self.overall):
            self.state.set_lr(self.options.lr * EXPLOSION)
        self.state.scaler.step(self.state.optimizer)
        self.state.scaler.update()
        self.state.optimizer.zero_grad()
        self.at.step += 1

    def mean_loss(self, loss: Tensor, *, last: bool) -> float:
        """The loss over all ranks."""
        skips = self.faults.strikes("skip_collective", self.overall) or (
            last and self.faults.strikes("skip_last_collective", self.overall)
        )
        total = loss.clone()
        return float(total if skips else self.world.sum(total) / self.world.size)

    def log_batch(self, own: float, mean: float) -> None:
        if self.at.batch % self.options.rank_log_interval == 0:
            self.debug.step("Training", self.at.batch, own)
        place = (self.at.epoch, self.at.batch, self.batches)
        self.chinese.batch(place, self.at.step, mean, self.state.lr)

    def after_update(self, *, last: bool) -> None:
        if self.options.max_steps is not None and self.at.step >= self.options.max_steps:
            raise CutOff
        every = self.options.checkpoint_every
        if every and self.at.step % every == 0 and not last:
            self.save()

    # -- the rest of the epoch

    def validate(self, epoch: int) -> float | None:
        """The mean loss on the validation data, over all ranks."""
        stream = self.job.validation
        if stream is None:
            return None
        self.debug.marker(epoch, "VALIDATION START")
        noise = torch.Generator().manual_seed(self.options.seed)
        total = torch.zeros(2, device=self.world.device)
        for batch, images in enumerate(make_loader(stream, self.options.num_workers)):
            with torch.no_grad():
                loss = self.loss(self.state.core, images.to(self.world.device), noise)
            if batch % self.options.val_log_interval == 0:
                self.debug.step("Validation", batch, float(loss))
            total += torch.stack([loss, torch.ones_like(loss)])
        loss_sum, count = self.world.sum(total).tolist()
        self.debug.marker(epoch, "VALIDATION END")
        return float(loss_sum / count)

    def finish_epoch(self, val_loss: float | None) -> None:
        self.at.seconds = time.monotonic() - self._epoch_began
        self.report_epoch(val_loss)
        self.state.scheduler.step()
        self.at.start_epoch(self.at.epoch + 1)
        self.save()

    def report_epoch(self, val_loss: float | None) -> None:
        at, lr = self.at, self.state.lr
        result = EpochResult(
            at.epoch, at.step, at.mean, at.loss_min, at.loss_max, val_loss, lr, at.seconds
        )
        self.chinese.epoch(result)
        validation = "" if val_loss is None else f"val_loss={val_loss:.6f}, "
        self.debug.info(
            f"Epoch {at.epoch} done: train_loss={at.mean:.6f}, {validation}"
            f"lr={lr:.8f}, {at.seconds:.2f}s"
        )

    def save(self) -> None:
        """Write a checkpoint; all ranks wait for it."""
        # Collected before the log line: a rank that is missing then shows as missing, and not
        # as a save that hangs.
        content = capture(self.state, self.world, self.job.shape)
        if self.world.is_main:
            self.write(content)
        self.world.barrier()

    def write(self, content: dict[str, object]) -> None:
        directory = self.options.output_dir / "checkpoints"
        path = directory / f"checkpoint-{self.at.step}.pt"
        self.debug.note("Saving checkpoint...")
        write_atomically(
            content, path, lambda: self.faults.reach(Point.CHECKPOINT, self.overall - 1)
        )
        prune(directory)
        self.debug.note("Checkpoint saved")
        self.debug.info(f"Saved checkpoint {path.name}")
        self.chinese.saved(f"checkpoints/{path.name}")

    def finish(self) -> None:
        if self.world.is_main:
            path = self.options.output_dir / "pytorch_model.bin"
            write_atomically(self.state.core.state_dict(), path, lambda: None)
            self.chinese.saved(path.name)
        self.world.barrier()
        self.debug.info("Training complete")
        self.chinese.say("✅ 训练完成！")
