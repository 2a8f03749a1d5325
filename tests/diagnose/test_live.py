"""Real jobs that hang, looked at while they do; the whole matrix is long."""

import importlib.util

import pytest

from tests.diagnose.live_matrix import JOBS, Job, both, judged, row

pytestmark = [
    pytest.mark.torchrun,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]

FEW = ("loader_child_hang",)


SOON = 10.0
"""Seconds of silence that are none yet for logs alone."""


@pytest.mark.parametrize("job", [job for job in JOBS if job.name in FEW], ids=lambda job: job.name)
def test_a_hung_job_is_told_by_looking_at_it(job: Job) -> None:
    _, live = both(job, SOON)
    assert not judged(live, job.live), row(job.name, "live", live, judged(live, job.live))


@pytest.mark.long
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_whole_matrix(job: Job) -> None:
    alone, live = both(job)
    assert not judged(live, job.live), row(job.name, "live", live, judged(live, job.live))
    assert not judged(alone, job.alone), row(job.name, "logs", alone, judged(alone, job.alone))
