"""The health gate's checks as a Python call: `HealthChecker("logs/").check()`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass

from trainwatch.cli.options import Selection
from trainwatch.cli.reading import read_logs, run_info
from trainwatch.engine import Engine
from trainwatch.events import Finding
from trainwatch.health.config import Config, HealthConfig
from trainwatch.health.gate import fatal, in_words
from trainwatch.model.snapshot import Status

HealthCheckConfig = HealthConfig
"""Thresholds; the names and defaults are those of `[health]` in `trainwatch.toml`."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What a check found.

    Attributes:
        healthy: Whether there is progress and nothing speaks against going on; None where the logs
            hold no progress to judge.
        reason: Why it is not healthy, or what is not known.
        status: `starting`, `running`, `stalled`, `completed`, `failed` or `unknown`.
        step, loss: The newest ones.
        metrics: The newest value of each metric.
        findings: All of them, the worst first.
    """

    healthy: bool | None
    reason: str | None
    status: Status
    step: int | None
    loss: float | None
    metrics: Mapping[str, float | None]
    findings: tuple[Finding, ...]


class HealthChecker:
    """Checks the logs of one training.

    Args:
        path: A log directory, a log file, a glob, or a run directory.
        config: Thresholds.
    """

    def __init__(
        self, path: str | os.PathLike[str], config: HealthCheckConfig | None = None
    ) -> None:
        self._path = os.fspath(path)
        self._config = Config(health=config or HealthConfig())

    def check(self) -> HealthReport:
        """Read all logs and judge them as of now; it may be called again and again.

        Raises:
            NothingToReadError: There is no such path, or no log in it.
        """
        selection = Selection((self._path,))
        engine = Engine(run_info([self._path]), self._config)
        read_logs(engine, selection.paths)
        engine.tick(time.time())
        view = engine.snapshot()
        finding = fatal(view)
        step = next((rank.step for rank in view.ranks if rank.step is not None), view.step)
        loss = view.metrics.get("loss")
        healthy: bool | None = True
        reason = None
        if finding or view.status in (Status.FAILED, Status.STALLED):
            healthy, reason = False, in_words(finding) if finding else view.sentence
        elif not any(rank.records for rank in view.ranks) and not view.epochs:
            healthy, reason = None, "no progress was recognised in the logs"
        return HealthReport(
            healthy=healthy,
            reason=reason,
            status=view.status,
            step=step,
            loss=loss.last if loss else None,
            metrics={name: metric.last for name, metric in view.metrics.items()},
            findings=view.alerts,
        )
