"""What is told while a run goes on, and when the disk is too full for a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainwatch.checkpoints import Checkpoint, Saves, State, Survey, look
from trainwatch.runner.tidings import Tidings, left_behind
from trainwatch.supervise.journal import Happened, Journal


def test_news_are_told_once_and_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tidings, journal = Tidings(path), Journal(path)
    assert tidings.news() == []
    journal.write(Happened.START, attempt=0)
    journal.write(Happened.CHECKPOINT, path="/c/checkpoint-9", damaged="it is empty")
    newest = {"delay": 15.0, "checkpoint": "/c/checkpoint-6"}
    journal.write(Happened.RESTART, attempt=1, told=True, **newest)
    journal.write(Happened.RESTART, attempt=2, told=False, **newest)
    assert tidings.news() == [
        "/c/checkpoint-9 is damaged and is passed over: it is empty.",
        "attempt 2 starts in 15 s, from /c/checkpoint-6 …",
        "attempt 3 starts in 15 s; the newest sound checkpoint is /c/checkpoint-6 …",
    ]
    with path.open("a") as file:
        file.write('{"event": "gate", "passed"')
    assert tidings.news() == []
    with path.open("a") as file:
        file.write(': false, "reason": "NaN"}\n{"event": "restart"}\nnonsense\n[1]\n')
    journal.write(Happened.DISK, path="/c", free=2_000_000_000, needed=5_000_000_000)
    assert tidings.news() == [
        "the health gate ends the training: NaN.",
        "/c has 2.0 GB left, and the newest checkpoint took 5.0 GB: the next one may not fit.",
    ]


def test_of_the_next_step_only_a_failure_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tidings, journal = Tidings(path), Journal(path)
    journal.write(Happened.HOOK, command="plot", pid=7)
    journal.write(Happened.HOOK, exit_code=0)
    journal.write(Happened.HOOK, exit_code=3)
    assert tidings.news() == ["the next step failed with exit code 3; see then.log."]


def test_a_gate_that_was_killed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tidings, journal = Tidings(path), Journal(path)
    journal.write(Happened.COMPANION, name="gate", exit_code=-9)
    journal.write(Happened.COMPANION, name="report", exit_code=1)
    gate, report = tidings.news()
    assert gate.startswith("trainwatch's own gate failed (signal 9): the first minutes are not")
    assert report == ("trainwatch's own report failed (exit code 1); the training is not touched.")


@pytest.mark.parametrize(
    ("happened", "word"),
    [
        ((), "in the background"),
        ((Happened.STOP, Happened.TERMINATE), None),
        ((Happened.TERMINATE, Happened.START), "in the background"),
    ],
)
def test_who_asked_for_the_end_is_told_nothing_of_what_was_left(
    tmp_path: Path, happened: tuple[Happened, ...], word: str | None
) -> None:
    path = tmp_path / "events.jsonl"
    journal = Journal(path)
    assert left_behind(path) == ()
    for one in (Happened.START, *happened):
        journal.write(one)
    journal.write(Happened.EXIT, exit_code=0, signal=None)
    assert left_behind(path) == ()
    journal.write(Happened.ORPHANS, pids=[7])
    assert (word or "") in " ".join(left_behind(path))
    assert bool(left_behind(path)) is bool(word)


def test_a_killed_command_is_not_advised_to_wait(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    journal.write(Happened.EXIT, exit_code=137, signal="SIGKILL")
    journal.write(Happened.ORPHANS, pids=[7])
    (said,) = left_behind(tmp_path / "events.jsonl")
    assert said == "the command died of SIGKILL; the processes that it left were ended."


def test_space_is_short_when_the_next_checkpoint_does_not_fit(tmp_path: Path) -> None:
    one = Survey((Checkpoint("/c/checkpoint-1.pt", State.SOUND, 1, 1000, 0.0),))
    assert not Saves(Survey(), 0, 1).short
    assert not Saves(one, 1100, 5000).short
    assert Saves(one, 1099, 5000).short
    assert look([str(tmp_path)], 0.0) == Saves(Survey())
