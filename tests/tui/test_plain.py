"""The plain view: the same snapshots give the same lines."""

from dataclasses import replace
from datetime import UTC, timedelta, timezone, tzinfo

from tests.tui import fake_views
from trainwatch.events import Finding, RankId, Severity
from trainwatch.model.snapshot import EpochView, MetricView, RunView, Status
from trainwatch.tui.plain import PlainView

T0 = fake_views.NOW
T = "2026-11-22T14:32:"


def run(*views: RunView, every: float = 30.0, zone: tzinfo = UTC) -> list[str]:
    written: list[str] = []
    plain = PlainView(written.append, every=every, zone=zone)
    for view in views:
        plain.update(view)
    plain.finish()
    return "".join(written).splitlines()


def view(seconds: float = 0, **fields: object) -> RunView:
    made = fake_views.starting(
        now=T0 + seconds,
        status=Status.RUNNING,
        sentence="epoch 3 of 10",
        epoch=3.0,
        total_epochs=10,
        step=512,
        progress=0.274,
        eta_seconds=754.0,
        elapsed_seconds=300.0,
        metrics={
            "loss": MetricView(0.0723, None, None, None, 9),
            "lr": MetricView(1e-5, None, None, None, 9),
        },
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def test_a_run_from_start_to_end() -> None:
    done = EpochView(3.0, 0, 100, 0.07, 0.065, 0.0835, True, 0.079, 1e-5, 14.52, 0, True)
    stalled = fake_views.stall_finding()
    assert run(
        fake_views.starting(),
        view(5),
        view(6, epochs=(replace(done, complete=False),)),
        view(8, epochs=(done,)),
        view(9, epochs=(done,), alerts=(stalled,)),
        view(10, epochs=(done,), alerts=(replace(stalled, active=False),)),
        view(20, epochs=(done,), attempt=1, problems=("a.log: gone",)),
        view(
            50,
            status=Status.COMPLETED,
            sentence="took 5 min",
            progress=1.0,
            eta_seconds=None,
            attempt=1,
        ),
    ) == [
        T + "07+00:00 status   starting progress=- epoch=- step=- loss=- lr=- eta=- |",
        T + "12+00:00 status   running progress=27% epoch=3/10 step=512 loss=0.0723 lr=1e-05"
        " eta=12m34s | epoch 3 of 10",
        T + "15+00:00 epoch    epoch=3 attempt=0 mean=0.07 min=0.065 max=0.0835 val=0.079 lr=1e-05"
        " seconds=14.52 nonfinite=0",
        T + "16+00:00 alert    critical rank_silent rank=3 | rank 3 is silent for 4 min 10 s in"
        " training, epoch 14 step 104 (usual 0.12 s) [debug_rank3_20261122_142000.log:88213]",
        T + "17+00:00 over     critical rank_silent rank=3 | rank 3 is silent for 4 min 10 s in"
        " training, epoch 14 step 104 (usual 0.12 s) [debug_rank3_20261122_142000.log:88213]",
        T + "27+00:00 problem  a.log: gone",
        T + "27+00:00 attempt  1",
        T + "57+00:00 status   completed progress=100% epoch=3/10 step=512 loss=0.0723 lr=1e-05"
        " eta=- | took 5 min",
        T + "57+00:00 end      completed progress=100% epoch=3/10 step=512 loss=0.0723 lr=1e-05"
        " eta=- elapsed=5m alerts=0",
    ]


def test_progress_every_so_often() -> None:
    lines = run(*(view(second) for second in range(0, 45, 2)), every=20)
    kinds = [(line[17:19], line[26:34].strip()) for line in lines]
    assert kinds == [("07", "status"), ("27", "progress"), ("47", "progress"), ("51", "end")]


def test_nothing_new_is_no_line() -> None:
    assert len(run(*[view()] * 50)) == 2


def test_an_alert_that_grows_is_one_alert() -> None:
    grown = [view(n, alerts=(fake_views.stall_finding(f"{n} min"),)) for n in range(4)]
    assert sum(" alert " in line for line in run(*grown)) == 1


def test_an_alert_that_comes_back_is_told_again() -> None:
    on = fake_views.stall_finding()
    off = replace(on, active=False)
    kinds = [line.split()[1] for line in run(*(view(alerts=(one,)) for one in (on, off, on)))]
    assert kinds == ["status", "alert", "over", "alert", "end"]


def test_alerts_of_two_ranks_are_two() -> None:
    two = tuple(
        Finding("loss_nan", Severity.CRITICAL, who, "the loss is NaN", (), step=5)
        for who in (RankId(1), RankId(None, 0))
    )
    alerts = [line[26:] for line in run(view(alerts=two)) if " alert " in line]
    assert alerts == [
        "alert    critical loss_nan rank=local:0 | the loss is NaN",
        "alert    critical loss_nan rank=1 | the loss is NaN",
    ]


def test_what_a_tail_suggests_is_not_told() -> None:
    lines = run(
        view(0, loaded=0.1, alerts=(fake_views.stall_finding(),), epochs=fake_views.epochs()),
        view(10, loaded=0.5),
        view(40, loaded=0.9),
        view(41, epochs=fake_views.epochs(3)),
    )
    assert [line[26:] for line in lines][:2] == [
        "loading  10 % of history read",
        "loading  90 % of history read",
    ]
    assert [line.split()[1] for line in lines] == [
        *("loading", "loading", "status", "epoch", "epoch", "end")
    ]


def test_local_time_with_its_offset() -> None:
    assert run(view(), zone=timezone(timedelta(hours=-5)))[0].startswith(
        "2026-11-22T09:32:07-05:00"
    )


def test_nothing_seen_nothing_said() -> None:
    assert run() == []
