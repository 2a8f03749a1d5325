"""Runs in every state, as the engine would show them; nothing here depends on a clock."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from trainwatch.events import (
    NOBODY,
    Evidence,
    Finding,
    LineTally,
    LogLine,
    Phase,
    RankId,
    RunInfo,
    Severity,
    Where,
)
from trainwatch.model.snapshot import (
    CurveView,
    EpochView,
    Health,
    MetricView,
    RankStatus,
    RankView,
    RunView,
    Status,
    TimeBasis,
)
from trainwatch.model.system import GpuView, HostView, SystemView
from trainwatch.samples import DiskSample
from trainwatch.saves import Checkpoint, Saves, State, Survey

NOW = datetime(2026, 11, 22, 14, 32, 7, tzinfo=UTC).timestamp()
BATCHES = 171


def log_line(number: int, rank: int, text: str, level: str | None = "DEBUG") -> LogLine:
    name = f"debug_rank{rank}_20261122_142000.log"
    return LogLine(Where(name, number, number * 80), RankId(rank), text, level=level)


def recent(many: int = 60, ranks: int = 4, first: int = 0) -> tuple[LogLine, ...]:
    lines = []
    for number in range(first, first + many):
        rank, step = number % ranks, number // ranks
        loss = 0.0723 + 0.004 * math.sin(number)
        text = f"[DEBUG] [Rank {rank}] Training step {step}, loss={loss:.4f}"
        level = "DEBUG"
        if number % 23 == 7:
            text, level = f"[WARNING] [Rank {rank}] slow shard shard_{number:04d}.tar", "WARNING"
        lines.append(log_line(88_000 + number, rank, text, level))
    return tuple(lines)


def curve(
    records: int = 2565,
    *,
    seed: int = 7,
    attempts: tuple[int, ...] = (0,),
    nonfinite: tuple[int, ...] = (),
    spike: float | None = None,
    metric: str = "loss",
) -> CurveView:
    x = np.arange(records, dtype=float)
    noise = np.random.default_rng(seed).normal(0, 0.008, records)
    mean = 0.07 + 0.45 * np.exp(-x / 420) + noise * (0.4 + np.exp(-x / 800))
    if spike is not None:
        mean[int(records * 0.8)] = spike
    mean[list(nonfinite)] = np.nan
    return CurveView(
        metric=metric,
        who=RankId(0),
        x=x,
        low=mean - 0.002,
        high=mean + 0.002,
        mean=mean,
        nonfinite=np.array(nonfinite, float),
        attempts=attempts,
        epochs=tuple((start, float(start // BATCHES)) for start in range(0, records, BATCHES)),
        steps=x,
        fine_epochs=x / BATCHES,
        seconds=x * 0.12,
    )


def epochs(many: int = 15, *, running: bool = True) -> tuple[EpochView, ...]:
    made = []
    for number in range(many):
        mean = 0.07 + 0.45 * math.exp(-number / 2.5)
        complete = number < many - 1 or not running
        made.append(
            EpochView(
                epoch=float(number),
                records=BATCHES * 4,
                loss_mean=mean,
                loss_min=mean * 0.9,
                loss_max=mean * 1.16,
                val_loss=mean * 1.08 if complete else None,
                lr=0.001,
                seconds=14.5 + number % 3 / 10 if complete else None,
                complete=complete,
            )
        )
    return tuple(made)


def timeline(until: float, last: Phase = Phase.TRAINING) -> tuple[tuple[float, Phase], ...]:
    """Three epochs that end at a moment: training, validation, a checkpoint."""
    phases = []
    for epoch in range(3):
        start = until - (3 - epoch) * 30
        phases += [
            (start, Phase.TRAINING),
            (start + 22, Phase.TRAIN_TO_VALIDATION),
            (start + 23, Phase.VALIDATION),
            (start + 27, Phase.CHECKPOINT),
        ]
    return (*phases[:-3], (until - 8, last), (until, last))


def rank(number: int, *, step: int = 104, silent: float = 0.4, **fields: object) -> RankView:
    phase = fields.get("phase", Phase.TRAINING)
    assert isinstance(phase, Phase)
    made = RankView(
        who=RankId(number),
        state=RankStatus.ACTIVE,
        phase=Phase.TRAINING,
        epoch=14.0,
        shown_epoch=14.0,
        step=step,
        total_batches=BATCHES,
        silent_seconds=silent,
        silence_limit=20.0,
        basis=TimeBasis.ARRIVAL,
        step_seconds=0.12,
        loss=0.0723,
        records=2565,
        last=log_line(
            88_213 - number, number, f"[DEBUG] [Rank {number}] Training step {step}, loss=0.0723"
        ),
        pid=17_440 + number,
        host="a17",
        timeline=timeline(NOW - silent, phase),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def healthy(**fields: object) -> RunView:
    made = RunView(
        now=NOW,
        info=RunInfo(path="output/ae/logs", id="ae_large_scale", host="a17", alive=True),
        status=Status.RUNNING,
        sentence="epoch 14 of 200 · 7.4 % · done in about 2 h 10 min",
        progress=0.0741,
        epoch_progress=0.61,
        eta_seconds=7843.0,
        eta_basis="measured",
        elapsed_seconds=620.0,
        started=NOW - 620,
        epoch=14.0,
        total_epochs=200,
        step=2498,
        metrics={
            "loss": MetricView(0.0723, 0.15, 0.061, 0.52, 10_260),
            "val_loss": MetricView(0.0790, 0.1, 0.079, 0.5, 560),
            "lr": MetricView(0.001, 0.001, 0.001, 0.001, 2565),
            "throughput": MetricView(312.4, 310, 280, 320, 2565),
        },
        ranks=tuple(rank(n) for n in range(4)),
        epochs=epochs(),
        curves=(curve(),),
        tally=LineTally(lines=40_312, bytes=3_100_412, unparsed=12),
        dialects=("autoencoder",),
        recent=recent(),
        files=5,
        leader=RankId(0),
        system=system(busy=range(4)),
        checkpoints=saves(),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def saves(*, damaged: bool = False, free: int = 9 << 40) -> Saves:
    """One sound checkpoint, perhaps below a damaged one."""
    sound = Checkpoint("/data/checkpoint-2000.pt", State.SOUND, 2000, 1 << 30, NOW - 560)
    torn = Checkpoint(
        "/data/checkpoint-2400.pt", State.DAMAGED, 2400, 9, NOW - 90, "its end is missing"
    )
    return Saves(Survey((torn, sound) if damaged else (sound,)), free, 60 << 40)


def no_gpu(**fields: object) -> RunView:
    """A machine without GPUs: its host is known all the same."""
    bare = replace(system(), gpus=(), notes=("host a17: no NVIDIA driver was found",))
    return healthy(system=bare, **fields)


def stall_finding(silent: str = "4 min 10 s", rank: int = 3) -> Finding:
    return Finding(
        rule="rank_silent",
        severity=Severity.CRITICAL,
        who=RankId(rank),
        message=f"rank {rank} is silent for {silent} in training, epoch 14 step 104 (usual 0.12 s)",
        evidence=(
            Evidence(
                f"debug_rank{rank}_20261122_142000.log",
                88_213,
                7_057_040,
                f"[DEBUG] [Rank {rank} Worker 0] Processing 412/1000 files from train_shards",
            ),
        ),
        step=104,
        epoch=14.0,
        refute=f"a new line of rank {rank}",
    )


def spike_finding() -> Finding:
    return Finding(
        rule="loss_spike",
        severity=Severity.WARNING,
        who=RankId(0),
        message="loss spike 0.31 at step 2101 (usual 0.08), recovered",
        evidence=(
            Evidence(
                "train_20261122_142000.log", 41_120, 9_120_222, "[INFO] step 2101 loss=0.3100"
            ),
        ),
        step=2101,
        active=False,
    )


def stalled(**fields: object) -> RunView:
    ranks = [rank(n, silent=249.0, state=RankStatus.STALLED) for n in range(8)]
    ranks[3] = rank(
        3,
        silent=250.0,
        state=RankStatus.STALLED,
        last=log_line(
            88_213, 3, "[DEBUG] [Rank 3 Worker 0] Processing 412/1000 files from train_shards"
        ),
    )
    made = healthy(
        status=Status.STALLED,
        health=Health.CRITICAL,
        sentence="epoch 14 of 200 · 7.4 % · no rank moved for 4 min 10 s",
        eta_seconds=None,
        eta_basis=None,
        ranks=tuple(ranks),
        alerts=(stall_finding(), spike_finding()),
        curves=(curve(spike=0.31),),
        system=system(lost=True),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def failed(**fields: object) -> RunView:
    oom = Finding(
        rule="out_of_memory",
        severity=Severity.CRITICAL,
        who=RankId(1),
        message="rank 1 ran out of GPU memory in training, epoch 14 step 104",
        evidence=(
            Evidence(
                "console.log",
                9120,
                740_112,
                "[rank1]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            ),
            Evidence("console.log", 9160, 744_001, "train_ddp.py FAILED"),
        ),
        step=104,
        epoch=14.0,
        refute="the allocation was caught, and training goes on",
    )
    nan = Finding(
        rule="loss_nan",
        severity=Severity.CRITICAL,
        who=RankId(1),
        message="rank 1: the loss is NaN from step 2301 on",
        evidence=(
            Evidence("debug_rank1.log", 71_900, 0, "[DEBUG] [Rank 1] Training step 2301, loss=nan"),
        ),
        step=2301,
    )
    ranks = tuple(
        rank(
            n,
            state=RankStatus.DEAD,
            silent=930.0,
            basis=TimeBasis.MTIME,
            attempt=1,
            step_seconds=None,
        )
        for n in range(4)
    )
    made = healthy(
        status=Status.FAILED,
        health=Health.CRITICAL,
        sentence="failed in epoch 14 of 200 at 7.4 % with exit code 1, after 2 attempts",
        eta_seconds=None,
        eta_basis=None,
        attempt=1,
        ranks=ranks,
        alerts=(oom, nan, spike_finding()),
        curves=(curve(attempts=(0, 1200), nonfinite=(2301, 2302, 2310)),),
        epochs=tuple(
            replace(one, attempt=int(one.epoch > 6), nonfinite=3 if one.epoch == 13 else 0)
            for one in epochs()
        ),
        problems=("debug_rank2_20261122_142000.log: permission denied",),
        checkpoints=saves(damaged=True),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def finished(**fields: object) -> RunView:
    made = healthy(
        status=Status.COMPLETED,
        sentence="finished 15 epochs in 22 min 3 s; best validation loss 0.0775 in epoch 14",
        progress=1.0,
        epoch_progress=1.0,
        eta_seconds=None,
        elapsed_seconds=1323.0,
        total_epochs=15,
        epochs=epochs(running=False),
        ranks=tuple(
            rank(
                n,
                state=RankStatus.FINISHED,
                phase=Phase.FINISHED,
                silent=3600.0,
                basis=TimeBasis.MTIME,
            )
            for n in range(4)
        ),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def system(*, lost: bool = False, busy: Sequence[int] | None = None) -> SystemView:
    """Eight GPUs with a short history; one idle, one lost, one whose driver tells little.

    Only those that are busy, where that is given.
    """
    times = NOW - np.arange(60.0)[::-1] * 5
    wave = 92 + 8 * np.sin(np.arange(60.0) / 4)
    cards = []
    for index in range(8):
        used = 0.0 if index == 3 else float(wave[-1])
        cards.append(
            GpuView(
                host="a17",
                index=index,
                name="NVIDIA H100 80GB HBM3",
                ranks=(index,),
                utilization=None if index == 6 else used,
                memory_used=None if index == 6 else 61 << 30,
                memory_total=80 << 30,
                temperature=48.0 if index == 3 else 71.0,
                power=None if index == 6 else 640.0,
                power_limit=700.0,
                throttled=("thermal",) if index == 5 else (),
                lost=lost and index == 7,
                times=times,
                history={"utilization": wave * (index != 3), "power": wave * 7},
            )
        )
    host = HostView(
        time=NOW - 3,
        host="a17",
        cpu=38.0,
        cores=96,
        load=41.2,
        memory_used=212 << 30,
        memory_total=1008 << 30,
        training_cpu=2950.0,
        training_memory=164 << 30,
        processes=41,
        disks=(DiskSample("/data", 9 << 40, 60 << 40), DiskSample("/scratch", 11 << 30, 800 << 30)),
        times=times,
        history={"cpu": wave - 55},
    )
    if busy is not None:
        cards = [
            replace(
                cards[0], index=index, ranks=(index,), utilization=97.0, temperature=70.0 + index
            )
            for index in busy
        ]
    return SystemView(NOW - 3, tuple(cards), (host,))


def cluster(hosts: int = 128) -> SystemView:
    """Eight GPUs a host, of which the last one was lost."""
    one = system(busy=range(8))
    cards = [
        replace(card, host=f"node{host:03}", index=index, ranks=(host * 8 + index,))
        for host in range(hosts)
        for index, card in enumerate(one.gpus)
    ]
    cards[-1] = replace(cards[-1], lost=True)
    machines = [replace(one.hosts[0], host=f"node{host:03}") for host in range(hosts)]
    return SystemView(NOW - 3, tuple(cards), tuple(machines))


def starting(**fields: object) -> RunView:
    made = RunView(
        now=NOW,
        info=RunInfo(path="output/ae/logs"),
        status=Status.STARTING,
        files=0,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def provisional(**fields: object) -> RunView:
    return healthy(loaded=0.347, **fields)


def thousand(**fields: object) -> RunView:
    states = {
        17: (RankStatus.STALLED, Phase.TRAINING),
        402: (RankStatus.DEAD, Phase.TRAINING),
        403: (RankStatus.SLOW, Phase.TRAINING),
    }
    ranks = []
    for number in range(1024):
        state, phase = states.get(
            number,
            (RankStatus.ACTIVE, Phase.VALIDATION if number % 97 == 5 else Phase.TRAINING),
        )
        silent = 300.0 if state is not RankStatus.ACTIVE else 0.3
        ranks.append(rank(number, state=state, phase=phase, silent=silent))
    made = healthy(
        health=Health.CRITICAL,
        ranks=tuple(ranks),
        alerts=(stall_finding("5 min", 17),),
        files=1025,
        system=cluster(),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


HOSTILE = (
    "[/bold] [red]\x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07 \x1b[2J\u202edlrow\u202c "
    "a\u200bb \x9b1;31m \x00 日本語 e\u0301\u0301\u0301\u0301\u0301 👩\u200d👩\u200d👧 🇩🇪 \r\n\tend"
)


def hostile(**fields: object) -> RunView:
    """Everything that others may name or write; one line is ten thousand characters long."""
    lines = tuple(
        replace(
            log_line(number, number % 4, HOSTILE * (50 if number == 3 else 1), "ERROR"),
            where=Where(HOSTILE, number, number),
        )
        for number in range(30)
    )
    proof = Evidence(HOSTILE, None, 99, HOSTILE)
    finding = Finding(
        rule="x",
        severity=Severity.CRITICAL,
        who=NOBODY,
        message=f"message {HOSTILE}",
        evidence=(proof,),
        refute=HOSTILE,
    )
    card = replace(
        system().gpus[0], host=HOSTILE, name=HOSTILE, throttled=(HOSTILE,), errors={HOSTILE: 1}
    )
    host = replace(system().hosts[0], host=HOSTILE, disks=(DiskSample(HOSTILE, 1, 2),))
    saved = Checkpoint(f"/data/{HOSTILE}", State.SOUND, None, 1, NOW)
    torn = replace(saved, state=State.DAMAGED, problem=HOSTILE)
    made = healthy(
        info=RunInfo(path=HOSTILE, id=HOSTILE, host=HOSTILE),
        sentence=HOSTILE,
        metrics={name: MetricView(1.0, 1.0, 1.0, 1.0, 1) for name in (HOSTILE, "loss")},
        ranks=tuple(rank(n, last=lines[n]) for n in range(4)),
        recent=lines,
        alerts=(finding,),
        problems=(HOSTILE,),
        curves=(curve(metric=HOSTILE),),
        system=SystemView(NOW, (card,), (host,), (HOSTILE,)),
        checkpoints=Saves(Survey((torn, saved))),
        step_unit=HOSTILE,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


STATES = {
    "healthy": healthy,
    "stalled": stalled,
    "failed": failed,
    "finished": finished,
    "no_gpu": no_gpu,
    "starting": starting,
    "provisional": provisional,
    "thousand": thousand,
    "hostile": hostile,
}
