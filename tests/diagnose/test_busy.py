"""A rank that computes while the others wait for it, and a standstill too short to be called one."""

from typing import Any

import pytest

from tests.diagnose.test_stuck import BACKWARD, ITEM, MAIN, document, guilty, process, seen, told
from trainwatch.diagnose import Diagnosis, Role

READ = [["Shards.read", "/w/data.py", 31], *ITEM]
EVALUATE = [["accuracy", "/w/train.py", 61], ["evaluate", "/w/train.py", 70], *MAIN]


def called(number: int) -> dict[str, Any]:
    return {"recorder": {"entries": [{"record_id": number}]}}


def looks(frames: list[list[Any]], *, calls: int = 0, silent: float = 600.0) -> Diagnosis:
    """Rank 1 in these frames at full speed; the others wait, and call so many collectives."""
    waiting = [process(0, BACKWARD), process(2, BACKWARD)]
    before = [one | called(7) | {"at": 7.0} for one in (*waiting, process(1, MAIN))]
    now = [one | called(7 + calls) for one in (*waiting, process(1, frames, cpu=4.0))]
    return seen(document(*now, before=before), silent=silent)


def test_a_loop_without_an_end_is_a_hang_with_its_line() -> None:
    found = looks(READ)
    assert told(found) == ("hang", "dataloader_hang", "data_loading", [1])
    assert "Shards.read (data.py:31) ← DS.__getitem__ (data.py:24)" in found.summary
    assert {r.who.rank for r in found.ranks if r.role is Role.VICTIM} == {0, 2}


def test_work_of_one_rank_alone_is_named_before_it_is_too_long_and_no_hang() -> None:
    found = looks(EVALUATE, silent=12.0)
    assert told(found) == ("undecided", None, "validation", [])
    assert "rank 1 computes in accuracy (train.py:61)" in found.summary.lower()


@pytest.mark.parametrize("silent", [3.0, 12.0])
def test_a_further_collective_is_motion(silent: float) -> None:
    assert looks(READ, calls=1, silent=silent).verdict.value != "hang"
    assert not guilty(looks(READ, calls=1, silent=silent))


def test_a_look_at_one_long_step_does_not_say_that_it_moves() -> None:
    still = document(*(process(rank, BACKWARD) for rank in range(3)))
    found = seen(still, silent=3.0)
    assert found.verdict.value == "healthy"
    assert "moves" not in found.summary


def test_a_progress_bar_around_the_loader_is_no_data_set() -> None:
    bar = ["tqdm.__iter__", "/opt/venv/lib/python3.11/site-packages/tqdm/std.py", 1175]
    found = looks([["Shards.read", "/w/data.py", 31], *ITEM[:2], bar, *MAIN])
    assert "tqdm" not in found.summary
    assert "Shards.read (data.py:31) ← DS.__getitem__ (data.py:24)" in found.summary
