"""What a critical user found, each as the small log that showed it."""

from pathlib import Path

from trainwatch.engine import Engine
from trainwatch.events import Chunk, LogFile, RunInfo
from trainwatch.model.snapshot import RankStatus, RunView, Status

NOW = 1_800_000_000.0
STEP = "{time} [DEBUG] [Rank {rank}] Training step {step}, loss=0.5"


def stamp(seconds: float) -> str:
    """Seconds of a day as a log writes them."""
    whole = int(seconds)
    return f"2027-01-15 {whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},000"


def view(
    logs: dict[str, str],
    now: float,
    *,
    alive: bool | None = None,
    stated: bool = False,
    mtimes: dict[str, float] | None = None,
) -> RunView:
    """The logs of one day, judged at a second of it; 2027-01-15 began at 1_799_971_200."""
    midnight = 1_799_971_200.0
    engine = Engine(RunInfo("logs", alive=alive))
    for name, text in logs.items():
        written = midnight + (mtimes or {}).get(name, now)
        engine.feed(Chunk(LogFile(name), 0, text.encode(), written))
    engine.tick(midnight + now, stated=stated)
    return engine.snapshot()


def steps(first: int, last: int, *, rank: int = 0) -> str:
    """One step a second."""
    lines = (STEP.format(time=stamp(n), rank=rank, step=n) for n in range(first, last))
    return "".join(f"{line}\n" for line in lines)


def test_a_thread_that_reports_memory_hides_no_hang() -> None:
    beat = "".join(f"{stamp(n)} [INFO] [Rank 0] gpu memory 61 GB\n" for n in range(60, 3600, 5))
    seen = view({"debug_rank0.log": steps(0, 60) + beat}, 3600, alive=True)
    assert (seen.status, seen.ranks[0].state) == (Status.STALLED, RankStatus.STALLED)
    assert 3500 < (seen.ranks[0].silent_seconds or 0) < 3600


def test_a_handled_traceback_is_no_death() -> None:
    trace = 'Traceback (most recent call last):\n  File "x"\nOSError: stale handle\n'
    after = f"{stamp(61)} [INFO] [Rank 0] opened at second try\n"
    assert view({"debug_rank0.log": steps(0, 60) + trace}, 62).status is Status.FAILED
    assert view({"debug_rank0.log": steps(0, 60) + trace + after}, 62).status is Status.RUNNING


def test_a_strangers_log_decides_nothing() -> None:
    trace = 'Traceback (most recent call last):\n  File "x"\nConnectionError: proxy\n'
    seen = view({"debug_rank0.log": steps(0, 60), "wandb/debug.log": trace}, 61)
    assert (seen.status, seen.alerts) == (Status.RUNNING, ())


def test_the_console_of_an_earlier_job_decides_nothing() -> None:
    trace = 'Traceback (most recent call last):\n  File "x"\nValueError: yesterday\n'
    logs = {"slurm-1001.out": trace, "slurm-1002.out": steps(5000, 5060)}
    assert view(logs, 5061, mtimes={"slurm-1001.out": 100.0}).status is Status.RUNNING


def test_a_pause_that_comes_in_every_epoch_is_no_stall() -> None:
    text, clock = "", 0.0
    for epoch in range(8):
        text += (
            f"{stamp(clock)} [DEBUG] [Rank 0] ========== EPOCH {epoch} TRAINING START ==========\n"
        )
        clock += 30.0
        for step in range(100):
            text += STEP.format(time=stamp(clock), rank=0, step=step) + "\n"
            clock += 0.1
        text += (
            f"{stamp(clock)} [DEBUG] [Rank 0] ========== EPOCH {epoch} TRAINING END ==========\n"
        )
    text += f"{stamp(clock)} [DEBUG] [Rank 0] ========== EPOCH 8 TRAINING START ==========\n"
    for waited, status in ((31, Status.RUNNING), (200, Status.STALLED)):
        written = {"debug_rank0.log": clock}
        seen = view({"debug_rank0.log": text}, clock + waited, alive=True, mtimes=written)
        assert seen.status is status


def test_a_given_moment_is_compared_with_what_the_log_states() -> None:
    hung = {"debug_rank0.log": steps(0, 60)}
    copied = {"debug_rank0.log": 3 * 3600 + 62.0}
    assert view(hung, 3 * 3600 + 70, stated=True, mtimes=copied).status is Status.STALLED


def test_a_line_from_the_future_does_not_say_that_all_is_well() -> None:
    seen = view(
        {"debug_rank0.log": steps(7 * 3600, 7 * 3600 + 60)}, 3600, mtimes={"debug_rank0.log": 0.0}
    )
    assert seen.status is not Status.RUNNING


def test_a_crash_behind_the_last_summary_is_a_failure() -> None:
    done = "Epoch [3/3] 完成\n平均损失: 0.1\n"
    trace = 'Traceback (most recent call last):\n  File "x"\nOSError: No space left on device\n'
    assert view({"log/training.log": done}, 5).status is Status.COMPLETED
    assert view({"log/training.log": done + trace}, 5).status is Status.FAILED


def test_every_error_line_with_a_shard_counts() -> None:
    lines = ("bad shard x.tar", "shard_0414.tar", "[Rank 0 Worker 1] Failed to read shard 3")
    text = "".join(f"{stamp(n)} [ERROR] {line}\n" for n, line in enumerate(lines))
    seen = view({"debug_rank0.log": text + steps(10, 60)}, 61)
    assert [alert.rule for alert in seen.alerts] == ["shard_error"]
    assert "3 times" in seen.alerts[0].message


def test_an_early_explosion_is_seen() -> None:
    losses = (0.3, 0.3, 0.2, 3000.0, 2e5)
    text = "".join(
        f"[DEBUG] [Rank 0] Training step {500 * n}, loss={loss}\n" for n, loss in enumerate(losses)
    )
    assert "loss_explosion" in {alert.rule for alert in view({"debug_rank0.log": text}, 1).alerts}


def test_coloured_lines_are_read() -> None:
    text = "\x1b[32m[DEBUG]\x1b[0m [Rank 0] Training step 1, loss=0.5\n"
    assert view({"debug_rank0.log": text}, 1).metrics["loss"].count == 1


def test_a_lora_rank_is_no_rank() -> None:
    seen = view({str(Path("lora_rank16/train.log")): "Epoch [1/3] 完成\n"}, 1)
    assert [rank.who.rank for rank in seen.ranks] == [None]
