"""What there is to go on from, in a line."""

import pytest

from tests.tui import fake_views
from tests.tui.helpers import texts
from trainwatch.model.snapshot import RunView
from trainwatch.saves import Checkpoint, Saves, State, Survey
from trainwatch.tui.draw.saves import matters, saves_line


def shown(saves: Saves | None, width: int = 120) -> str:
    return texts([saves_line(fake_views.healthy(checkpoints=saves), width)])[0]


def test_the_newest_sound_one_with_its_age_size_and_the_room_for_the_next() -> None:
    assert shown(fake_views.saves()) == (
        " checkpoint step 2000 · sound · written 9 min ago · 1.0 G · 9.0 T free"
    )


def test_a_newer_one_that_is_damaged_and_too_little_room() -> None:
    assert shown(fake_views.saves(damaged=True, free=1 << 29), 160) == (
        " checkpoint step 2000 · sound · written 9 min ago · 1.0 G · checkpoint-2400.pt is damaged:"
        " its end is missing · the next may not fit, 512 M free"
    )
    assert "the next may not fit, 512 M free" in shown(fake_views.saves(free=1 << 29))


@pytest.mark.parametrize("saves", [None, Saves(Survey())])
def test_nothing_is_said_where_nobody_looked_or_there_is_none(saves: Saves | None) -> None:
    assert shown(saves) == ""


def test_none_is_sound() -> None:
    writing = Checkpoint("/data/a\x1b[31m.pt", State.WRITING, None, None, fake_views.NOW)
    assert shown(Saves(Survey((writing,)))) == (
        " checkpoint none is sound yet · a.pt is being written"
    )


def test_without_a_step_its_epoch_or_its_name_tells_which() -> None:
    def one(epoch: int | None) -> Saves:
        saved = Checkpoint("/d/last.pt", State.SOUND, None, None, fake_views.NOW - 7, epoch=epoch)
        return Saves(Survey((saved,)))

    assert shown(one(4)) == " checkpoint epoch 4 · sound · written just now"
    assert shown(one(None)) == " checkpoint last.pt · sound · written just now"


@pytest.mark.parametrize(
    ("view", "does"),
    [
        (fake_views.healthy(), False),
        (fake_views.stalled(), True),
        (fake_views.healthy(checkpoints=fake_views.saves(free=1)), True),
        (fake_views.healthy(checkpoints=fake_views.saves(damaged=True)), True),
        (fake_views.stalled(checkpoints=None), False),
    ],
)
def test_when_it_matters(view: RunView, *, does: bool) -> None:
    assert matters(view) is does
