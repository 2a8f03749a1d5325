"""A second opinion by torch's own analyser: what it is asked, what it answers, how it is compared."""

import importlib.util
import json
import time

import pytest

from tests.diagnose.recorder.sketch import Sketch
from trainwatch.cli import torchopinion
from trainwatch.diagnose import Gathering
from trainwatch.diagnose.recorder.opinion import Opinion, answered, asked, compared

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)


def missing_one() -> dict[str, bytes]:
    job = Sketch(3)
    job.loop(3)
    job.call(on=[0, 2], retired=False)
    return job.files()


def gathered(dumps: dict[str, bytes]) -> Gathering:
    gathering = Gathering()
    for name, data in dumps.items():
        gathering.take_dump(name, data)
    return gathering


@needs_torch
def test_it_agrees_on_a_rank_that_did_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchopinion, "DEADLINE", 90.0)  # torch's import, on a busy machine
    gathering = gathered(missing_one())
    with torchopinion.asked_meanwhile(gathering):
        pass
    assert gathering.opinion is not None
    assert dict(gathering.opinion.named) == {1: 1}
    assert compared(gathering.opinion, (1,)) == (
        f"torch {gathering.opinion.torch}'s own analyser names rank 1",
        "a second opinion: the same",
    )


@pytest.mark.parametrize(
    "program", ["raise SystemExit(1)", "print('no JSON')", "import time; time.sleep(60)", "1/0"]
)
def test_whatever_goes_wrong_is_no_opinion(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchopinion, "_PROGRAM", program)
    monkeypatch.setattr(torchopinion, "_installed", lambda: True)
    monkeypatch.setattr(torchopinion, "DEADLINE", 0.5)
    gathering = gathered(missing_one())
    began = time.monotonic()
    with torchopinion.asked_meanwhile(gathering):
        pass
    assert gathering.opinion is None
    assert time.monotonic() - began < 30


def test_it_is_ended_when_the_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(torchopinion, "_PROGRAM", "import time; time.sleep(60)")
    monkeypatch.setattr(torchopinion, "_installed", lambda: True)
    before = torchopinion._begun
    monkeypatch.setattr(torchopinion, "_begun", lambda *a: begun.append(before(*a)) or begun[0])
    with pytest.raises(ZeroDivisionError), torchopinion.asked_meanwhile(gathered(missing_one())):
        raise ZeroDivisionError
    assert begun[0].poll() is not None


def test_only_what_our_reader_lets_through_is_asked() -> None:
    dumps = missing_one()
    evil = b"\x80\x04cos\nsystem\n(S'true'\ntR."
    found = asked(
        {**dumps, "nccl_trace_rank_1": evil, "nccl_trace_rank_7": b"{", "notes": b"\x80\x04N."}
    )
    assert [one["rank"] for one in found] == [0, 2]
    assert all(list(one["pg_config"]) == ["0"] for one in found)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"torch": 1}', b'{"torch": "2", "named": [["x"]]}', b"[" * 9999]
)
def test_odd_answers_are_none(data: bytes) -> None:
    assert answered(data) is None


def test_how_it_compares() -> None:
    answer = {"torch": "2.13.0", "named": [[12]] * 14 + [[1, 5]] * 2 + [[-1, 1 << 40]]}
    opinion = answered(json.dumps(answer).encode())
    assert opinion is not None
    said, fits = compared(opinion, (12, 14))
    assert said == "torch 2.13.0's own analyser names rank 12, less often ranks 1 and 5"
    assert fits == "a second opinion: of these"
    assert "another" in compared(Opinion("2", {3: 1}), (1,))[1]
