"""The curve: what is drawn, what is only marked, and what stays where it is."""

from dataclasses import replace

import numpy as np
import pytest

from tests.tui import fake_views
from tests.tui.helpers import texts
from trainwatch.events import LineTally
from trainwatch.tui.draw import plot
from trainwatch.tui.draw.curve import canvas, decimate, limits, path, steady_scale
from trainwatch.tui.draw.line import cells, plain


def test_extremes_survive_decimation() -> None:
    made = decimate(fake_views.curve(100_000, spike=0.9), 200)
    assert made is not None
    assert len(made.at) <= 200
    assert made.high.max() == pytest.approx(0.902)
    assert made.low.min() == pytest.approx(np.nanmin(fake_views.curve(100_000).low))


def test_what_is_not_finite_is_marked_and_not_drawn() -> None:
    curve = fake_views.curve(100, nonfinite=(40, 41, 42))
    made = decimate(curve, 300)
    assert made is not None
    assert np.isfinite(made.low).all()
    assert len(made.nonfinite) == 3
    x, y, lifted = path(made, 40)
    assert np.isfinite(y).all()
    gap = int(made.nonfinite[-1])
    assert [x[at] for at in lifted] == [float(made.at[made.at > gap][0])]


def test_a_band_within_a_row_of_dots_is_one_point() -> None:
    made = decimate(fake_views.curve(100), 200)
    assert made is not None
    assert len(path(made, 4)[0]) == 100
    assert 100 < len(path(made, 400)[0]) <= 200


def test_a_new_attempt_lifts_the_pen() -> None:
    made = decimate(fake_views.curve(100, attempts=(0, 50)), 200)
    assert made is not None
    assert len(made.attempts) == 1
    x, _, lifted = path(made, 40)
    assert [x[at] for at in lifted] == [made.attempts[0]]


def test_only_nan_leaves_an_empty_canvas() -> None:
    curve = fake_views.curve(3, nonfinite=(0, 1, 2))
    drawn = texts(plot.draw(curve, 60, 8, canvas))
    assert len(drawn) == 8
    assert drawn[-2].count("N") == 3


def test_nothing_to_place() -> None:
    assert decimate(fake_views.curve(0), 100) is None
    assert plot.draw(fake_views.curve(0), 60, 8, canvas) == []


def test_one_record_is_drawn() -> None:
    drawn = "".join(texts(plot.draw(fake_views.curve(1), 60, 8, canvas)))
    assert any("⠀" < c <= "⣿" for c in drawn)


def test_the_curve_stays_put_while_the_run_grows() -> None:
    scales = {steady_scale(records, 200) for records in range(100_000, 110_000)}
    assert len(scales) <= 2
    for records in (1, 7, 199, 200, 201, 99_999, 3e7):
        used = records * steady_scale(records, 200)
        assert 180 <= used <= 200.001


def test_an_explosion_does_not_flatten_the_rest() -> None:
    curve = fake_views.curve(1000, spike=1e12)
    made = decimate(curve, 200)
    assert made is not None
    assert made.peak == pytest.approx(1e12)
    assert made.top < 1
    drawn = texts(plot.draw(curve, 100, 12, canvas))
    assert "▲" in drawn[0]
    assert "▲ up to 1e+12" in drawn[0]


def test_limits_of_what_does_not_change() -> None:
    flat = np.full(10, 0.5)
    assert limits(flat, flat) == (0.45, 0.55, None)
    assert limits(flat * 0, flat * 0) == (-1.0, 1.0, None)


def test_every_line_fits() -> None:
    for width in (20, 44, 90, 140):
        for height in (4, 7, 20):
            drawn = plot.draw(fake_views.curve(attempts=(0, 900)), width, height, canvas)
            assert len(drawn) == height
            assert all(cells(one) <= width for one in drawn)


def test_too_small_for_a_picture() -> None:
    assert plot.draw(fake_views.curve(), 12, 20, canvas) == []
    assert plot.draw(fake_views.curve(), 80, 3, canvas) == []


def test_epochs_stand_under_their_beginnings() -> None:
    drawn = texts(plot.draw(fake_views.curve(), 90, 10, canvas))
    numbers = drawn[-1].split()
    assert numbers[0] == "epoch"
    assert [int(n) for n in numbers[1:]] == list(range(15))
    assert drawn[-1].index(" 14") + 1 == [i for i, c in enumerate(drawn[-2]) if c == "┬"][-1]


def test_without_epochs_records_are_counted() -> None:
    curve = replace(fake_views.curve(50), epochs=())
    assert texts(plot.draw(curve, 60, 8, canvas))[-1].split() == ["0", "49"]


def test_the_heading_explains_the_marks() -> None:
    view = fake_views.failed()
    assert plain(plot.heading(view)) == (
        "loss · rank 0 · N NaN or infinite · ┆ attempt · 2565 records"
    )
    assert plain(plot.heading(fake_views.healthy())) == "loss · rank 0 · 2565 records"


def test_an_empty_plot_says_what_it_waits_for() -> None:
    assert plain(plot.empty(fake_views.starting())) == " waiting for the first log file"
    view = fake_views.starting(files=1, tally=LineTally(lines=9, unparsed=9))
    assert plain(plot.empty(view)) == " waiting for the first loss (9 lines read, 9 not understood)"
