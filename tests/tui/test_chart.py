"""Several curves over one axis."""

from dataclasses import replace

import numpy as np

from tests.tui import fake_views
from trainwatch.model.snapshot import CurveView
from trainwatch.tui.draw import chart, metrics
from trainwatch.tui.draw.line import Tone


def stretches(curve: CurveView, **lens: object) -> list[chart._Stretch]:
    layer = chart.Layer(curve, Tone.WARN)
    return chart._stretches([layer], chart.Lens(**lens))  # type: ignore[arg-type]


def validation(epochs: int, batches: int) -> CurveView:
    """Some values at the end of each epoch, all before the same training record."""
    curve = fake_views.curve(epochs * batches, metric="val_loss")
    x = np.repeat(np.arange(1.0, epochs + 1) * 100, batches)
    values = np.tile(np.arange(float(batches)), epochs)
    return replace(curve, x=x, steps=x, low=values, high=values, mean=values)


def test_values_of_one_validation_are_drawn_as_their_mean() -> None:
    (made,) = stretches(validation(5, 7))
    assert made.x.tolist() == [100, 200, 300, 400, 500]
    assert made.low.tolist() == made.high.tolist() == [3.0] * 5


def test_a_value_for_each_place_stays_a_band() -> None:
    curve = fake_views.curve(200)
    (made,) = stretches(curve)
    assert made.low is curve.low


def test_few_values_are_not_smoothed_and_many_keep_the_raw_ones_below() -> None:
    assert len(stretches(fake_views.curve(15), smoothing=0.8)) == 1
    raw, smooth = stretches(fake_views.curve(200), smoothing=0.8)
    assert (raw.tone, smooth.tone) == (Tone.REST, Tone.WARN)


def test_time_counts_from_the_first_value_of_each_run() -> None:
    train = fake_views.curve(200)
    val = replace(fake_views.curve(2, metric="val_loss"), seconds=np.array([10.0, 20.0]))
    later = [replace(one, seconds=one.seconds + 5000) for one in (train, val)]
    other = fake_views.healthy(wished=tuple(later))
    view = fake_views.healthy(wished=(train, val), beside=other)
    shown = metrics.layers(view, "loss")
    first = [chart.places(one.curve, chart.Axis.TIME, one.began)[0] for one in shown]
    assert first == [0.0, 10.0, 0.0, 10.0]


def test_epochs_of_unstated_length_are_spread_by_where_the_next_one_begins() -> None:
    curve = fake_views.curve(450)
    bare = replace(curve, fine_epochs=np.floor(curve.fine_epochs))
    spread = chart.places(bare, chart.Axis.EPOCH)
    assert np.allclose(spread, curve.fine_epochs)
    assert chart.places(replace(bare, epochs=()), chart.Axis.EPOCH) is bare.fine_epochs


def test_a_validation_stands_at_the_end_of_its_epoch() -> None:
    epochs = ((0, 1.0), (100, 2.0), (200, 3.0))
    val = replace(validation(3, 2), epochs=epochs, fine_epochs=np.repeat([1.0, 2.0, 3.0], 2))
    assert chart.places(val, chart.Axis.EPOCH).tolist() == [2.0, 2.0, 3.0, 3.0, 4.0, 4.0]


def test_seconds_of_a_short_run_are_told() -> None:
    assert chart._tick(0.49, chart.Axis.TIME, 1.0) == "0.49s"
