"""A `TrainerCallback` for Hugging Face's Trainer: per-rank logs and signal files.

Trainer(..., callbacks=[TrainwatchCallback()])
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

from trainwatch.hooks.ranklog import RankLogger
from trainwatch.hooks.signals import TrainingHooks


class TrainwatchCallback(TrainerCallback):  # type: ignore[misc]
    """Logs every loss that the Trainer logs.

    Args:
        directory: Of the logs.
        healthy_after: Logged losses after which the training is called healthy.
        hooks: Where signals go; None: to the run's.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] = "logs",
        healthy_after: int = 10,
        hooks: TrainingHooks | None = None,
    ) -> None:
        self._directory = directory
        self._after = healthy_after
        self._hooks = hooks or TrainingHooks()
        self._log: RankLogger | None = None
        self._losses = 0
        self._epoch = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Opens the logs."""
        del control, kwargs
        self._log = RankLogger(self._directory, args.process_index, args.world_size)
        self._epoch = int(state.epoch or 0)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Marks it."""
        del args, control, kwargs
        self._epoch = int(state.epoch or 0)
        if self._log:
            self._log.train_start(self._epoch)

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Marks it."""
        del args, state, control, kwargs
        if self._log:
            self._log.train_end(self._epoch)

    def on_log(
        self,
        args: Any,  # noqa: ANN401
        state: Any,  # noqa: ANN401
        control: Any,  # noqa: ANN401
        logs: Mapping[str, float] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        """Writes the loss, and says that all is well after enough sound ones."""
        del args, control, kwargs
        if self._log is None or not logs or "loss" not in logs:
            return
        loss = float(logs["loss"])
        self._log.train_step(int(state.global_step), loss)
        if not math.isfinite(loss):
            self._hooks.mark_failed(f"the loss is {loss} at step {state.global_step}")
            self._losses = -(1 << 60)
        self._losses += 1
        if self._losses == self._after:
            self._hooks.mark_healthy(int(state.global_step), loss)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Closes the logs."""
        del args, state, control, kwargs
        if self._log:
            self._log.finish()
            self._log.close()
        if self._losses >= 0:
            self._hooks.mark_done()
