"""The batch job that a run is part of, where a scheduler started it.

A job that Slurm requeues starts again under the same id, perhaps on another node, only when its
last start is over. So a record that such a start left, and that nobody on that node closed, is no
reason to refuse the next one.
"""

from __future__ import annotations

import signal
from collections.abc import Collection, Mapping
from typing import NamedTuple


class BatchJob(NamedTuple):
    """One start of a job of Slurm.

    Attributes:
        id: The job's, with the cluster's name where that is known: `hpc:4711`.
        restart: How often it had been requeued before.
    """

    id: str
    restart: int


def batch_job(environ: Mapping[str, str]) -> BatchJob | None:
    """The job in whose environment a run is started; None where there is none."""
    job = environ.get("SLURM_JOB_ID")
    if not job:
        return None
    restart = environ.get("SLURM_RESTART_COUNT", "")
    cluster = environ.get("SLURM_CLUSTER_NAME", "")
    number = int(restart) if restart.isascii() and restart.isdigit() else 0
    return BatchJob(f"{cluster}:{job}" if cluster else job, number)


_SCHEDULERS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "SGE_TASK_ID", "FLUX_JOB_ID")

_WARNINGS = frozenset({signal.SIGUSR1, signal.SIGUSR2})
"""With these schedulers warn of a time limit, and some send them to every process of a job."""


def unheard(environ: Mapping[str, str], wanted: Collection[str]) -> frozenset[signal.Signals]:
    """Signals that a training is started to ignore, unless it handles them itself.

    Slurm sends the warning of `--signal=USR1@60` to all processes of a step, torchrun among them, which
    would die of it and leave its workers behind.

    Args:
        environ: Of the supervisor; outside a scheduler's job there is none.
        wanted: Names of signals that the user wants to reach the command.
    """
    if not any(environ.get(name) for name in _SCHEDULERS):
        return frozenset()
    return frozenset(number for number in _WARNINGS if number.name not in wanted)


def is_superseded(earlier: BatchJob | None, now: BatchJob | None) -> bool:
    """Whether the start `earlier` is over, because the job has been started again."""
    return bool(earlier and now and earlier.id == now.id and earlier.restart < now.restart)
