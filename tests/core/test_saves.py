"""What a view is told of checkpoints: the newest sound one, what is wrong with newer ones, the room."""

import io

import pytest
from rich.console import Console

from trainwatch.engine import Engine
from trainwatch.events import Chunk, LogFile, RunInfo, Severity
from trainwatch.health.words import size
from trainwatch.model.snapshot import Health, RunView
from trainwatch.report.summary import print_status
from trainwatch.saves import Checkpoint, Saves, State, Survey

NOW = 10_000.0
GOOD = Checkpoint("/c/checkpoint-2000", State.SOUND, 2000, 1_200_000_000, NOW - 540)
BAD = Checkpoint("/c/checkpoint-3000", State.DAMAGED, 3000, 9, NOW - 60, "optimizer.pt is missing")
NEW = Checkpoint(
    "/c/checkpoint-4000", State.WRITING, 4000, 9, NOW - 1, "trainer_state.json is missing"
)


def view(saves: Saves | None, **known: object) -> RunView:
    engine = Engine(RunInfo("logs", alive=True, **known))  # type: ignore[arg-type]
    line = b"[DEBUG] [Rank 0] Training step 7, loss=0.5\n"
    engine.feed(Chunk(LogFile("debug_rank0_20260101_000000.log"), 0, line, NOW, live=True))
    engine.saves = saves
    engine.tick(NOW)
    return engine.snapshot()


def words(shown: RunView) -> str:
    stream = io.StringIO()
    print_status(shown, Console(file=stream, width=200), lambda _rank: True)
    return stream.getvalue()


def test_a_sound_checkpoint_is_told_with_its_step_age_and_size() -> None:
    shown = view(Saves(Survey((GOOD,)), 80_000_000_000, 100_000_000_000))
    assert shown.health is Health.OK
    told = "checkpoint checkpoint-2000 step 2000 · 1.2 GB · 9 min 00 s old · sound · 80 GB free"
    assert told in words(shown)


def test_a_damaged_one_is_a_warning_that_names_what_is_offered_instead() -> None:
    shown = view(Saves(Survey((NEW, BAD, GOOD)), 80_000_000_000, 100_000_000_000))
    (alert,) = [one for one in shown.alerts if one.rule == "checkpoint_damaged"]
    assert alert.severity is Severity.WARNING
    assert "checkpoint-3000 is damaged: optimizer.pt is missing; checkpoint-2000 is sound" in (
        alert.message
    )
    text = words(shown)
    assert "newer checkpoint-3000 damaged" in text
    assert "checkpoint-4000 being written" in text


def test_too_little_room_is_a_warning_only_while_a_next_one_comes() -> None:
    saves = Saves(Survey((GOOD,)), 1_250_000_000, 100_000_000_000)
    (alert,) = [one for one in view(saves).alerts if one.rule == "checkpoint_space"]
    assert alert.active
    assert "1.25 GB free in /c" in alert.message
    ended = view(saves, ended=NOW, exit_code=1)
    assert [one.active for one in ended.alerts if one.rule == "checkpoint_space"] == [False]


def test_nothing_found_says_nothing() -> None:
    for saves in (None, Saves(Survey())):
        shown = view(saves)
        assert shown.alerts == ()
        assert "checkpoint" not in words(shown)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (4800, "4.8 kB"), (999_960, "1 MB"), (1.2e12, "1.2 TB")],
)
def test_sizes(count: float, said: str) -> None:
    assert size(count) == said
