"""Phases over time."""

import math

from tests.tui import fake_views
from tests.tui.fake_views import NOW, rank
from tests.tui.helpers import texts
from trainwatch.events import Phase
from trainwatch.model.snapshot import RankStatus, RankView, RunView
from trainwatch.tui.draw import timeline


def with_ranks(*ranks: RankView, **fields: object) -> RunView:
    return fake_views.healthy(ranks=ranks, **fields)


def drawn(view: RunView, width: int = 49) -> list[str]:
    span = timeline.window(view)
    assert span is not None
    return texts([timeline.row(one, span, width) for one in view.ranks])


def test_a_long_silence_leaves_room_for_what_was_before_it() -> None:
    stuck = [
        rank(n, silent=7200.0, state=RankStatus.STALLED, timeline=fake_views.timeline(NOW - 7200))
        for n in range(2)
    ]
    view = with_ranks(*stuck)
    shown = drawn(view)[0]
    assert shown.count("S") == 8
    assert {"v", ".", "c"} <= set(shown)
    assert "… and so on, silent for 2h" in texts(list(timeline.axis(view, 79, None)))[0]


def test_a_rank_that_died_shows_until_when_it_lived() -> None:
    dead = rank(
        1,
        silent=30.0,
        state=RankStatus.DEAD,
        timeline=((NOW - 90, Phase.TRAINING), (NOW - 30, Phase.TRAINING)),
    )
    alive = rank(0, timeline=((NOW - 90, Phase.TRAINING), (NOW, Phase.TRAINING)))
    shown = drawn(with_ranks(alive, dead))
    assert set(shown[0].split()[1]) == {"."}
    assert shown[1].endswith("D" * 12)
    assert "." * 20 in shown[1]


def test_one_rank_silent_while_the_others_go_on() -> None:
    quiet = rank(
        1,
        silent=60.0,
        state=RankStatus.STALLED,
        timeline=((NOW - 90, Phase.TRAINING), (NOW - 60, Phase.TRAINING)),
    )
    shown = drawn(with_ranks(rank(0, silent=0.0), quiet))
    assert shown[1].count("S") > 20
    assert "S" not in shown[0]


def test_times_of_a_copied_log_are_not_held_against_this_clock() -> None:
    long_ago = NOW - 86_400 * 30
    old = [
        rank(n, silent=5.0, state=RankStatus.STALLED, timeline=fake_views.timeline(long_ago))
        for n in range(2)
    ]
    span = timeline.window(with_ranks(*old))
    assert span is not None
    assert span[1] == long_ago


def test_without_a_time_it_says_so() -> None:
    view = with_ranks(rank(0, timeline=((math.nan, Phase.TRAINING),)))
    assert timeline.window(view) is None
    assert texts(list(timeline.axis(view, 80, None))) == [" no time is known of any phase"]


def test_phases_are_explained() -> None:
    view = fake_views.healthy()
    assert texts([timeline.heading(view)]) == [
        "phases · . training · b before validation · v validation · c checkpoint"
    ]
