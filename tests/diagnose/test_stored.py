"""Looks that were written down, of a job that is dead: which of them still tell something."""

import json
from typing import Any

import pytest

from tests.diagnose.scenarios import began, steps
from tests.diagnose.test_stuck import BACKWARD, ITEM, LAST, WAITING, document, process
from trainwatch.diagnose import Diagnosis, Gathering, Role, diagnose
from trainwatch.diagnose.live.places import read_places, written_places
from trainwatch.diagnose.live.read import read_document
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RankId, RunInfo
from trainwatch.model.moments import Viewpoint
from trainwatch.model.snapshot import RankView

HOUR = 3600.0
STUCK = (*WAITING, process(1, ITEM))


def at(moment: float, *now: dict[str, Any], **facts: object) -> dict[str, Any]:
    found = document(*now)
    for sample, seconds in zip(found["samples"], (-3.0, 0.0), strict=True):
        sample["time"] = moment + seconds
    return found | facts


def places(step: int | None) -> list[dict[str, Any]]:
    return [
        {"rank": r, "local": None, "epoch": 0, "phase": "training", "step": step} for r in range(3)
    ]


def dead(
    *looks: dict[str, Any],
    attempt: int = 0,
    stopped: bool = False,
    code: int = 1,
    console: str = "",
) -> Diagnosis:
    """A run whose logs end at `LAST` at step 11, ended an hour later, with what was written down."""
    gathering = Gathering()
    for number, look in enumerate(looks):
        live = read_document(f"stacks/{number}.json", json.dumps(look).encode())
        assert live is not None
        gathering.take_look(live)
    info = RunInfo(
        "run", id="x", alive=False, exit_code=code, stopped=stopped, attempt=attempt, ended=LAST + HOUR
    )  # fmt: skip
    engine = Engine(info, listener=gathering.take)
    engine.witness = gathering.see
    for rank in range(3):
        file = LogFile(f"debug_rank{rank}_20261121_100000.log")
        engine.feed(Chunk(file, 0, (began(rank, 3) + steps(rank, 12)).encode(), LAST))
        engine.feed(FileEnded(file, "read to its end"))
    engine.feed(Chunk(LogFile("console.log"), 0, console.encode(), LAST + HOUR))
    engine.feed(FileEnded(LogFile("console.log"), "read to its end"))
    return diagnose(engine.run, info, Viewpoint(LAST + 2 * HOUR), engine.config, gathering)


def guilty(found: Diagnosis) -> list[int | None]:
    return [rank.who.rank for rank in found.ranks if rank.role is Role.GUILTY]


def step_of_the_logs() -> int | None:
    return dead().ranks[0].step


def test_the_stacks_of_the_stall_explain_the_death() -> None:
    found = dead(at(LAST + 130, *STUCK, places=places(step_of_the_logs()), attempt=0))
    assert (guilty(found), found.category and found.category.value) == ([1], "dataloader_hang")
    assert "seen at 2026-" in found.summary
    assert "after that moment" in found.refute


def test_a_hang_that_was_ended_on_request_is_a_hang() -> None:
    given = at(LAST + 130, *STUCK, places=places(step_of_the_logs()), attempt=0)
    assert dead(given, stopped=True, code=143).verdict.value == "hang"
    assert dead(given).verdict.value == "failed"


TOLD = "torch.distributed.elastic.multiprocessing.api.SignalException: Process 41 got signal: 15\n"


@pytest.mark.parametrize(("silent", "verdict"), [(40.0, "hang"), (2.0, "interrupted")])
def test_what_was_seen_to_hang_before_the_launcher_was_told_to_stop(
    silent: float, verdict: str
) -> None:
    step = step_of_the_logs()
    given = at(LAST + HOUR, *STUCK, places=places(step), attempt=0, silent=silent)
    found = dead(given, code=143, console=TOLD)
    assert found.verdict.value == verdict
    assert guilty(found) == ([1] if verdict == "hang" else [])


@pytest.mark.parametrize(("silent", "verdict"), [(400.0, "hang"), (40.0, "interrupted")])
def test_work_of_one_rank_alone_is_a_hang_only_after_long(silent: float, verdict: str) -> None:
    """As an evaluation of rank 1 alone, in the middle of which somebody stopped the run."""
    recorder = {"recorder": {"entries": [{"record_id": 7}]}}
    now = [one | recorder for one in (*WAITING, process(1, ITEM, cpu=4.0))]
    before = [one | recorder | {"at": 7.0, "cpu": 1.0} for one in now]
    given = document(*now, before=before) | {"attempt": 0, "silent": silent}
    given |= {"places": places(step_of_the_logs())}
    for sample in given["samples"]:
        sample["time"] += LAST + HOUR
    assert dead(given, code=143, console=TOLD).verdict.value == verdict


@pytest.mark.parametrize("facts", [{"places": places(3)}, {}], ids=["by place", "by time alone"])
def test_a_stall_that_passed_accuses_nobody(facts: dict[str, object]) -> None:
    assert guilty(dead(at(LAST - 500, *STUCK, attempt=0, **facts))) == []


def test_the_stacks_of_another_attempt_accuse_nobody() -> None:
    given = at(LAST + 130, *STUCK, places=places(step_of_the_logs()), attempt=0)
    assert guilty(dead(given, attempt=1)) == []


def test_a_look_soon_after_the_last_line_shows_no_hang() -> None:
    """As before a kill: who is ended in the middle of its work may be anywhere."""
    facts = {"places": places(step_of_the_logs()), "attempt": 0}
    assert guilty(dead(at(LAST + 4, *STUCK, **facts), stopped=True, code=143)) == []
    assert guilty(dead(at(LAST + 40, *STUCK, **facts), stopped=True, code=143)) == [1]


def test_lines_that_were_held_back_do_not_outdate_it() -> None:
    """The log had come to step 3 when its process stood still; step 11 was still in a buffer."""
    assert guilty(dead(at(LAST + 130, *STUCK, places=places(3), attempt=0))) == [1]


def test_everybody_is_worth_more_than_who_was_left_before_the_kill() -> None:
    step = step_of_the_logs()
    stall = at(LAST + 130, *STUCK, places=places(step), attempt=0)
    kill = at(LAST + HOUR, process(0, BACKWARD), attempt=0)
    assert guilty(dead(stall, kill)) == [1]


def test_several_looks_say_since_when() -> None:
    facts = {"places": places(step_of_the_logs()), "attempt": 0}
    found = dead(*(at(LAST + seconds, *STUCK, **facts) for seconds in (130, 190, 430)))
    assert "seen so from" in found.summary
    moved = at(LAST + 130, *WAITING, process(1, BACKWARD), **facts)
    assert "seen at" in dead(moved, at(LAST + 430, *STUCK, **facts)).summary


def test_places_there_and_back() -> None:
    view = RankView(RankId(3), epoch=0.5, step=7)
    found = read_places(json.loads(json.dumps(written_places([view]))))
    assert found == {RankId(3): (0.5, "unknown", 7)}


@pytest.mark.parametrize("odd", [None, 3, [None, 4], [{"rank": "x", "epoch": True, "step": 1e9}]])
def test_odd_places_are_none(odd: object) -> None:
    assert set(read_places(odd).values()) <= {(None, "", None)}
