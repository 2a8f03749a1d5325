"""A callback for Lightning: per-rank logs and signal files.

Trainer(callbacks=[TrainwatchCallback()])
"""

from __future__ import annotations

import math
import os
from typing import Any

try:
    from lightning.pytorch.callbacks import Callback
except ImportError:  # the older name of the same package
    from pytorch_lightning.callbacks import Callback

from trainwatch.hooks.ranklog import RankLogger
from trainwatch.hooks.signals import TrainingHooks


class TrainwatchCallback(Callback):  # type: ignore[misc]
    """Logs the loss that `training_step` and `validation_step` return.

    Args:
        directory: Of the logs.
        every: Training batches between two lines; reading a loss waits for the GPU.
        healthy_after: Logged losses after which the training is called healthy.
        hooks: Where signals go; None: to the run's.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] = "logs",
        every: int = 50,
        healthy_after: int = 10,
        hooks: TrainingHooks | None = None,
    ) -> None:
        self._directory = directory
        self._every = max(1, every)
        self._after = healthy_after
        self._hooks = hooks or TrainingHooks()
        self._log: RankLogger | None = None
        self._losses = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Opens the logs."""
        del pl_module
        self._log = RankLogger(self._directory, trainer.global_rank, trainer.world_size)

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Marks it."""
        del pl_module
        if self._log:
            self._log.train_start(trainer.current_epoch)

    def on_train_batch_end(
        self,
        trainer: Any,  # noqa: ANN401
        pl_module: Any,  # noqa: ANN401
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Writes the loss of every so many batches."""
        del pl_module, batch
        if self._log is None or batch_idx % self._every:
            return
        loss = _loss(outputs)
        if loss is None:
            return
        self._log.train_step(batch_idx, loss)
        if not math.isfinite(loss):
            self._hooks.mark_failed(f"the loss is {loss} at step {trainer.global_step}")
            self._losses = -(1 << 60)
        self._losses += 1
        if self._losses == self._after:
            self._hooks.mark_healthy(trainer.global_step, loss)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Marks it."""
        del pl_module
        if self._log:
            self._log.train_end(trainer.current_epoch)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Marks it; not the trial before the training."""
        del pl_module
        if self._log:
            self._log.validation_start(trainer.current_epoch)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Marks it."""
        del pl_module
        if self._log:
            self._log.validation_end(trainer.current_epoch)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ANN401
        """Says that it failed."""
        del trainer, pl_module
        if self._log:
            self._log.error(f"{type(exception).__name__}: {exception}")
            self._log.close()
        self._hooks.mark_failed(f"{type(exception).__name__}: {exception}")

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        """Closes the logs."""
        del trainer, pl_module
        if self._log:
            self._log.finish()
            self._log.close()
        if self._losses >= 0:
            self._hooks.mark_done()


def _loss(outputs: Any) -> float | None:  # noqa: ANN401 - whatever training_step returned
    value: Any = outputs.get("loss") if isinstance(outputs, dict) else outputs
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
