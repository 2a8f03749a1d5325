"""Real jobs that hang, looked at while they do; the whole matrix is `make bench-diagnose`."""

import importlib.util

import pytest

from tests.diagnose.live_matrix import JOBS, both, judged, row

pytestmark = [
    pytest.mark.torchrun,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed"),
]

FEW = ("loader_child_hang",)


@pytest.mark.parametrize("job", [job for job in JOBS if job.name in FEW], ids=lambda job: job.name)
def test_a_hung_job_is_told_by_looking_at_it(job) -> None:  # noqa: ANN001 - a Job
    alone, live = both(job)
    assert not judged(alone, job.alone), row(job.name, "logs", alone, [])
    assert not judged(live, job.live), row(job.name, "live", live, [])
