"""What two looks at the processes prove, from documents of our own making."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.diagnose.scenarios import began, steps
from trainwatch.diagnose import Diagnosis, Gathering, Role, diagnose
from trainwatch.diagnose.live.model import Live
from trainwatch.diagnose.live.read import merged, read_document
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.model.moments import Viewpoint

LAST = 1_795_255_820.0
"""The mtime of the logs below; with the times that they state it is another zone's."""

SITE = "/opt/venv/lib/python3.11/site-packages/torch"
MAIN = [["Trainer.epoch", "/w/train.py", 47], ["<module>", "/w/train.py", 90]]
BACKWARD = [["_engine_run_backward", f"{SITE}/autograd/graph.py", 979], *MAIN]
BARRIER = [["barrier", f"{SITE}/distributed/distributed_c10d.py", 5356], *MAIN]
ITEM = [["DS.__getitem__", "/w/data.py", 24], ["fetch", f"{SITE}/utils/data/_utils/fetch.py", 54],
        *MAIN]  # fmt: skip
QUEUE = [["Connection._poll", "/usr/lib/python3.11/multiprocessing/connection.py", 440],
         ["Queue.get", "/usr/lib/python3.11/multiprocessing/queues.py", 113],
         ["_MultiProcessingDataLoaderIter._try_get_data", f"{SITE}/utils/data/dataloader.py", 1291],
         *MAIN]  # fmt: skip
WORKER = [["DS.__getitem__", "/w/data.py", 24], ["fetch", f"{SITE}/utils/data/_utils/fetch.py", 54],
          ["_worker_loop", f"{SITE}/utils/data/_utils/worker.py", 351]]  # fmt: skip
SAVE = [
    ["_write_file", f"{SITE}/serialization.py", 944],
    ["save_checkpoint", "/w/train.py", 70],
    *MAIN,
]


def process(rank: int, frames: list[list[Any]], **more: Any) -> dict[str, Any]:
    thread = {"main": True, "name": "MainThread", "frames": frames}
    pid = 100 + rank
    words = {"pid": pid, "start": 7, "rank": rank, "owner": pid, "state": "S", "cpu": 1.0,
             "at": 10.0, "bytes": 5, "source": "probe", "threads": [thread] if frames else []}  # fmt: skip
    return words | more


def document(*now: dict[str, Any], before: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    first = before or [dict(one, at=7.0) for one in now]
    return {
        "schema": 1,
        "what": "trainwatch stacks",
        "host": "a17",
        "samples": [{"time": 7.0, "processes": first}, {"time": 10.0, "processes": list(now)}],
    }


def seen(
    given: dict[str, Any], *, silent: float = 200.0, ranks: int = 3, made: int = 12, end: str = ""
) -> Diagnosis:
    """Logs that ended some seconds ago, of a job that lives, and what its processes show."""
    gathering = Gathering()
    engine = Engine(RunInfo("logs", alive=True), listener=gathering.take)
    engine.witness = gathering.see
    live = read_document("", given)
    assert live is not None
    gathering.take_live(live)
    for rank in range(ranks):
        file = LogFile(f"debug_rank{rank}_20261121_100000.log")
        text = began(rank, ranks) + steps(rank, made) + end
        engine.feed(Chunk(file, 0, text.encode(), LAST))
        engine.feed(FileEnded(file, "read to its end"))
    view = Viewpoint(LAST + silent)
    return diagnose(engine.run, engine.info, view, engine.config, gathering)


def guilty(found: Diagnosis) -> list[int | None]:
    return [rank.who.rank for rank in found.ranks if rank.role is Role.GUILTY]


def told(found: Diagnosis) -> tuple[str, str | None, str | None, list[int | None]]:
    category = found.category and found.category.value
    return found.verdict.value, category, found.phase and found.phase.value, guilty(found)


WAITING = (process(0, BACKWARD), process(2, BACKWARD))


@pytest.mark.parametrize(
    ("odd", "category", "phase"),
    [
        (process(1, ITEM), "dataloader_hang", "data_loading"),
        (process(1, ITEM, state="D"), "dataloader_hang", "data_loading"),
        (process(1, SAVE), "checkpoint_stall", "checkpoint"),
        (process(1, [], state="T"), "external_signal", None),
        (process(1, MAIN, silent=True, source="signal"), "host_freeze", None),
    ],
)
def test_the_rank_that_does_not_wait_is_guilty(
    odd: dict[str, Any], category: str, phase: str | None
) -> None:
    found = seen(document(*WAITING, odd))
    assert told(found) == ("hang", category, phase, [1])
    roles = {rank.who.rank: rank.role for rank in found.ranks}
    assert roles[0] is Role.VICTIM or odd["state"] == "T"


def test_a_loader_process_is_followed() -> None:
    child = process(1, WORKER, pid=900)
    idle = process(0, QUEUE, pid=901, owner=100)
    found = seen(document(*WAITING, process(1, QUEUE), child, idle))
    assert told(found) == ("hang", "dataloader_hang", "data_loading", [1])
    assert "DS.__getitem__ (data.py:24) of its loader process 900" in found.summary


def test_ranks_at_one_place_are_proved_together() -> None:
    found = seen(document(*WAITING, process(1, ITEM)))
    texts = [proof.evidence.text for proof in found.evidence]
    assert any(
        text.startswith("ranks 0, 2 in all_reduce ← Trainer.epoch (train.py:47)") for text in texts
    )


def test_one_look_makes_a_suspect_only() -> None:
    given = document(*WAITING, process(1, ITEM))
    del given["samples"][0]
    found = seen(given)
    roles = {rank.who.rank: rank.role for rank in found.ranks}
    assert (roles[1], found.confidence.value) == (Role.SUSPECT, "possible")


def test_where_all_wait_nobody_is_accused() -> None:
    found = seen(document(*WAITING, process(1, BARRIER)))
    assert guilty(found) == []


@pytest.mark.parametrize(
    ("busy", "verdict"),
    [
        ({"cpu": 3.0}, "undecided"),
        ({"bytes": 10_000_000}, "undecided"),
        ({"threads": [{"main": True, "frames": SAVE}]}, "healthy"),
    ],
)
def test_who_works_or_moves_is_not_stuck(busy: dict[str, Any], verdict: str) -> None:
    now = process(1, ITEM, **busy)
    before = [dict(one, at=7.0) for one in (*WAITING, process(1, ITEM))]
    found = seen(document(*WAITING, now, before=before), silent=12.0)
    assert told(found) == (verdict, None, None, [])


def test_a_short_silence_is_none() -> None:
    assert seen(document(*WAITING, process(1, ITEM)), silent=3.0).verdict.value == "healthy"


def test_without_a_stack_nobody_is_accused_and_the_lack_is_said() -> None:
    blind = [process(rank, [], source="", problem="py-spy is not installed") for rank in range(3)]
    found = seen(document(*blind))
    assert guilty(found) == []


def test_documents_of_several_nodes_are_joined() -> None:
    one = read_document("stacks/a.json", document(process(0, BACKWARD)))
    two = read_document("stacks/b.json", document(process(1, ITEM)))
    assert one is not None
    assert two is not None
    both = merged([one, two])
    assert isinstance(both, Live)
    assert [stand.who.rank for stand in both.stands] == [0, 1]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["processes", "pid", "owner", "threads", "frames", "main", "recorder", "rank",
                         "entries", "record_id", "cpu", "at", "start", "state", "silent"]), inner, max_size=8),
    max_leaves=30,
)  # fmt: skip


@given(samples=ODD)
def test_no_document_breaks_the_reader(samples: object) -> None:
    whole = {"schema": 1, "what": "trainwatch stacks", "host": 4, "samples": samples}
    read_document("x", whole)
    read_document("x", json.dumps(whole).encode()[:-3])
    read_document("x", json.dumps(samples).encode())


INIT = [["init_process_group", f"{SITE}/distributed/distributed_c10d.py", 1800],
        ["set_up", "/w/train.py", 12], ["<module>", "/w/train.py", 90]]  # fmt: skip
SLEEP = [["set_up", "/w/train.py", 9], ["<module>", "/w/train.py", 90]]


def test_where_the_others_wait_for_the_start_it_is_the_start_that_hangs() -> None:
    found = seen(document(process(0, INIT), process(1, SLEEP), process(2, INIT)), made=0)
    assert told(found) == ("hang", None, "init", [1])


OVER = "2026-11-21 10:10:00,000 [INFO] Training complete\n"


def test_ranks_that_wait_for_each_other_after_the_end_hang() -> None:
    leaving = [["leave", "/w/train.py", 80], ["<module>", "/w/train.py", 91]]
    found = seen(document(process(0, BARRIER), process(1, leaving), process(2, BARRIER)), end=OVER)
    assert told(found) == ("hang", None, "teardown", [1])


@pytest.mark.parametrize("frames", [MAIN, BARRIER])
def test_processes_that_merely_live_on_after_the_end_are_no_hang(frames: list[list[Any]]) -> None:
    found = seen(document(*(process(rank, frames) for rank in range(3))), end=OVER)
    assert found.verdict.value == "finished"


def blind(rank: int, wchan: str, **more: Any) -> dict[str, Any]:
    return process(rank, [], source="", wchan=wchan, problem="py-spy is not installed", **more)


def suspects(found: Diagnosis) -> list[int | None]:
    return [rank.who.rank for rank in found.ranks if rank.role is Role.SUSPECT]


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (blind(1, "hrtimer_nanosleep"), "hrtimer_nanosleep"),
        (blind(1, "folio_wait_bit", state="D"), "state D"),
    ],
)
def test_without_stacks_the_kernel_may_tell_who_waits_for_something_else(
    odd: dict[str, Any], words: str
) -> None:
    found = seen(document(blind(0, "futex_do_wait"), odd, blind(2, "futex_do_wait")))
    assert (found.verdict.value, suspects(found), guilty(found)) == ("hang", [1], [])
    assert found.confidence.value == "possible"
    assert words in found.summary
    assert any("py-spy" in text for text in found.missing)


@pytest.mark.parametrize(
    "places",
    [
        ("futex_do_wait", "futex_do_wait", "futex_do_wait"),  # all alike
        ("futex_do_wait", "poll", "hrtimer_nanosleep"),  # all different
        ("futex_do_wait", "", "futex_do_wait"),  # not shown
    ],
)
def test_the_kernel_alone_accuses_nobody_else(places: tuple[str, ...]) -> None:
    found = seen(document(*(blind(rank, place) for rank, place in enumerate(places))))
    assert suspects(found) == guilty(found) == []


def test_one_look_at_the_kernel_shows_no_standstill() -> None:
    now = (blind(0, "futex_do_wait"), blind(1, "poll"), blind(2, "futex_do_wait"))
    before = [dict(now[0], at=7.0), dict(now[1], at=7.0, wchan="pipe_read"), dict(now[2], at=7.0)]
    assert suspects(seen(document(*now, before=before))) == []
