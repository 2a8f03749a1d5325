"""Tables of epochs, ranks and alerts, and the strip of letters."""

import math
from dataclasses import replace
from datetime import UTC

from tests.tui import fake_views
from tests.tui.helpers import texts
from trainwatch.events import RankId
from trainwatch.model.snapshot import RankStatus, Status, TimeBasis
from trainwatch.tui.draw import alerts, epochs, ranks
from trainwatch.tui.draw.line import cells, plain
from trainwatch.tui.draw.table import fitting, header, row


def epoch_table(width: int, **fields: object) -> list[str]:
    view = fake_views.healthy(**fields)
    columns = fitting(epochs.columns(view), width)
    made = [header(columns, width), *(row(columns, one, width) for one in epochs.rows(view))]
    assert all(cells(one) <= width for one in made)
    return texts(made)


def rank_table(width: int, view: object = None) -> list[str]:
    shown = view or fake_views.stalled()
    columns = fitting(ranks.columns(shown), width)  # type: ignore[arg-type]
    return texts(
        [
            header(columns, width),
            *(row(columns, one, width) for one in ranks.by_trouble(shown)),  # type: ignore[arg-type]
        ]
    )


def test_epochs_newest_first_with_the_best_marked() -> None:
    assert epoch_table(59)[:4] == [
        " epoch     mean      min      max      val    time",
        "    14   0.0717   0.0645   0.0831        -       -  now",
        "    13   0.0725   0.0652   0.0841   0.0783   14.6s  best",
        "    12   0.0737   0.0663   0.0855   0.0796   14.5s",
    ]


def test_a_narrow_table_leaves_out_whole_columns() -> None:
    assert epoch_table(39)[:2] == [
        " epoch     mean      val    time",
        "    14   0.0717        -       -  now",
    ]
    assert "lr" in epoch_table(69)[0]


def test_attempts_are_told_once_there_are_two() -> None:
    both = tuple(replace(one, attempt=int(one.epoch > 1)) for one in fake_views.epochs(4))
    table = epoch_table(64, epochs=both, status=Status.FAILED)
    assert table[0].startswith(" epoch  att")
    assert table[1].endswith("cut")


def test_an_epoch_without_a_number_is_never_the_best() -> None:
    done = fake_views.epochs(4, running=False)
    broken = (*done[:3], replace(done[3], loss_mean=math.nan, val_loss=math.nan, nonfinite=9))
    assert epochs.best_of(broken) is broken[2]
    assert epoch_table(59, epochs=broken)[1].endswith("9 NaN")


def test_one_epoch_is_no_best() -> None:
    assert epochs.best_of(fake_views.epochs(2)) is None


def test_ranks_sorted_by_trouble() -> None:
    assert rank_table(100)[:3] == [
        "    rank  state       phase     epoch     step  behind   silent    limit  last line",
        "     ! 3  S stalled   training     14  104/171       -    4m10s      20s  Worker 0] Processing 412/…",
        "       0  S stalled   training     14  104/171       -     4m9s      20s  Training step 104, loss=0…",
    ]


def test_who_only_waits_is_told_from_who_is_waited_for() -> None:
    view, roles = fake_views.stalled(), {RankId(n): "victim" for n in range(8) if n not in (3, 6)}
    roles[RankId(6)] = "suspect"
    assert [rank.who.rank for rank in ranks.by_trouble(view, roles)] == [6, 3, 0, 1, 2, 4, 5, 7]
    assert texts(ranks.strip(view, 80, 3, roles)) == [
        " 0 w  1 w  2 w  3 S  4 w  5 w  !6 S  7 w",
        " S stalled 2 · w waiting 6",
    ]
    assert texts([ranks.heading(view, roles)]) == ["ranks · 8 ranks · 2 stalled · 6 waiting"]


def test_a_rank_that_moves_does_not_wait() -> None:
    view = fake_views.healthy()
    assert "waiting" not in texts([ranks.heading(view, {RankId(0): "victim"})])[0]


def test_rows_stay_put_while_nothing_changes() -> None:
    view = fake_views.thousand()
    order = [rank.who.rank for rank in ranks.by_trouble(view)]
    assert order[:5] == [402, 17, 403, 0, 1]
    assert order[5:] == sorted(order[5:])


def test_the_time_of_a_file_is_called_so() -> None:
    assert "15m30s  mtime" in rank_table(100, fake_views.failed())[1]


def test_a_rank_of_a_node_is_not_taken_for_a_global_one() -> None:
    local = replace(fake_views.rank(0), who=RankId(None, 1))
    assert " local 1  . active" in rank_table(100, fake_views.healthy(ranks=(local,)))[1]


def test_what_is_not_known_of_a_rank() -> None:
    bare = replace(
        fake_views.rank(0),
        shown_epoch=None,
        step=None,
        silent_seconds=None,
        silence_limit=None,
        last=None,
        state=RankStatus.UNKNOWN,
        basis=TimeBasis.MTIME,
    )
    assert rank_table(100, fake_views.healthy(ranks=(bare,)))[1].split() == [
        *("0", "?", "unknown", "training"),
        *("-", "-", "-", "-", "mtime", "-"),
    ]


def test_a_step_of_the_run_is_no_part_of_an_epochs_batches() -> None:
    view = fake_views.healthy()
    many = replace(view.ranks[0], step=13_152, total_batches=604)
    few = replace(view.ranks[1], step=604, total_batches=604)
    shown = rank_table(100, replace(view, ranks=(many, few)))
    assert "13,152 " in shown[1]
    assert "604/604 " in shown[2]


def test_a_few_ranks_in_a_strip() -> None:
    assert texts(ranks.strip(fake_views.stalled(), 80, 3)) == [
        " 0 S  1 S  2 S  !3 S  4 S  5 S  6 S  7 S",
        " S stalled 8",
    ]


def test_a_thousand_ranks_in_a_strip() -> None:
    shown = ranks.strip(fake_views.thousand(), 120, 20)
    assert len(shown) == 12
    assert all(cells(one) <= 120 for one in shown)
    letters = "".join(c for one in texts(shown)[:-1] for c in one[7:] if c != " ")
    assert len(letters) == 1024
    assert [place for place, c in enumerate(letters) if c in "SDL"] == [17, 402, 403]
    assert (
        texts(shown)[-1] == " D dead 1 · S stalled 1 · L slow 1 · . training 1010 · v validation 11"
    )


def test_rows_without_trouble_are_summed_up() -> None:
    shown = texts(ranks.strip(fake_views.thousand(), 120, 4))
    assert len(shown) == 4
    assert "S" in shown[0]
    assert "DL" in shown[1]
    assert shown[2] == "     …  832 more ranks [3], none in trouble"


def test_trouble_that_does_not_fit_is_counted() -> None:
    assert texts(ranks.strip(fake_views.thousand(), 80, 3))[1] == (
        "     …  960 more ranks [3], 1 in trouble"
    )


def test_the_heading_of_the_ranks_counts_the_worst_first() -> None:
    assert plain(ranks.heading(fake_views.thousand())) == (
        "ranks · 1024 ranks · 1 dead · 1 stalled · 1 slow · 1021 active"
    )


def test_an_alert_on_one_line() -> None:
    assert plain(alerts.row(fake_views.stall_finding(), 120)) == (
        " critical  rank 3 is silent for 4 min 10 s in training, epoch 14 step 104 (usual 0.12 …"
        "  debug_rank3_20261122_14…:88213 "
    )
    assert plain(alerts.row(fake_views.spike_finding(), 120)).startswith(
        " warning   over: rank 0: loss spike 0.31"
    )


def test_alerts_with_proof_and_refutation() -> None:
    view = fake_views.failed()
    oom = "[rank1]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    first = alerts.ordered(view, ())[0]
    assert texts(alerts.grounds(first, 120)) == [
        " critical  rank 1 ran out of GPU memory in training, epoch 14 step 104",
        f" proof     console.log:9120  {oom}",
        " proof     console.log:9160  train_ddp.py FAILED",
        " wrong if  the allocation was caught, and training goes on",
    ]
    assert texts(alerts.problem_lines(view, 120)) == [
        " problem   debug_rank2_20261122_142000.log: permission denied"
    ]


def test_what_is_acknowledged_comes_behind_what_is_not() -> None:
    view = fake_views.failed()
    first, second, _ = alerts.ordered(view, ())
    assert [one.finding for one in alerts.ordered(view, {first.key})[:2]] == [
        second.finding,
        first.finding,
    ]
    row = alerts.row_of(first, 120, UTC, chosen=True, acknowledged=True)
    assert plain(row).startswith("▸ 14:32:07 ✓ critical")


def test_no_alert_is_not_the_same_as_nothing_read() -> None:
    assert "nothing has been judged" in plain(alerts.empty(fake_views.starting()))
    assert plain(alerts.empty(fake_views.healthy())) == " nothing found in 40,312 lines"
