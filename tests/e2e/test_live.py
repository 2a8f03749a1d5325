"""The live reader: what it shows of logs that grow, rotate and are long."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import wait_for
from trainwatch.cli import live
from trainwatch.cli.live import LiveReader
from trainwatch.cli.options import Selection
from trainwatch.model.snapshot import RunView, Status, TimeBasis

STEP = "[DEBUG] [Rank 0] Training step {}, loss={:.4f}\n"


class Watcher:
    """Collects the snapshots of a reader."""

    def __init__(self, path: Path) -> None:
        self.views: list[RunView] = []
        self.reader = LiveReader([str(path)], Selection((str(path),)))
        self.reader.start(self.views.append)

    def sees(self, condition: Callable[[RunView], object], seconds: float = 20.0) -> RunView:
        """The first snapshot for which a condition holds."""
        seen = 0

        def newest() -> RunView | None:
            nonlocal seen
            fresh = self.views[seen:]
            seen += len(fresh)
            return next((view for view in fresh if condition(view)), None)

        return wait_for(newest, seconds)


Watch = Callable[[Path], Watcher]


@pytest.fixture
def watch() -> Iterator[Watch]:
    watchers: list[Watcher] = []

    def start(path: Path) -> Watcher:
        watchers.append(Watcher(path))
        return watchers[-1]

    yield start
    for watcher in watchers:
        watcher.reader.stop()
    assert not [t for t in threading.enumerate() if t.name == "trainwatch-reader"]


def count(view: RunView) -> int:
    return view.metrics["loss"].count if "loss" in view.metrics else 0


def append(path: Path, *steps: int) -> None:
    with path.open("a") as log:
        log.writelines(STEP.format(step, 1 / (step + 1)) for step in steps)


def test_lines_appear_as_they_are_written(tmp_path: Path, watch: Watch) -> None:
    log = tmp_path / "debug_rank0.log"
    watcher = watch(tmp_path)
    append(log, 0, 1, 2)
    watcher.sees(lambda view: count(view) == 3)
    append(log, 3)
    view = watcher.sees(lambda view: count(view) == 4)
    assert view.status is Status.RUNNING
    assert view.ranks[0].basis is TimeBasis.ARRIVAL
    assert (view.ranks[0].step, view.loaded) == (3, 1.0)


def test_a_rotation_loses_nothing_and_keeps_the_epoch(tmp_path: Path, watch: Watch) -> None:
    log = tmp_path / "debug_rank0.log"
    log.write_text("[DEBUG] [Rank 0] ========== EPOCH 7 TRAINING START ==========\n")
    append(log, 0, 1)
    watcher = watch(tmp_path)
    watcher.sees(lambda view: count(view) == 2)
    append(log, 2)
    log.rename(tmp_path / "debug_rank0.log.1")
    append(log, 3, 4)
    view = watcher.sees(lambda view: count(view) == 5)
    assert (view.ranks[0].epoch, len(view.epochs), view.epochs[0].records) == (7.0, 1, 5)


def test_a_long_log_is_seen_from_its_tail_first(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HISTORY_BYTES", 1 << 19)
    log = tmp_path / "debug_rank0.log"
    steps = 120_000
    with log.open("w") as out:
        out.writelines(STEP.format(step, 1.0) for step in range(steps))
    watcher = watch(tmp_path)
    first = watcher.sees(lambda view: view.ranks)
    assert first.loaded < 1.0
    assert first.ranks[0].step == steps - 1
    assert first.ranks[0].last.where.line is None  # nobody has counted the lines before it
    whole = watcher.sees(lambda view: view.loaded == 1.0 and count(view) == steps)
    assert whole.ranks[0].last.where.line == steps
    append(log, steps)
    watcher.sees(lambda view: count(view) == steps + 1)


def test_a_failure_of_the_reader_is_shown(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    append(tmp_path / "debug_rank0.log", 0)
    watcher = watch(tmp_path)
    watcher.sees(lambda view: count(view) == 1)
    monkeypatch.setattr(watcher.reader, "_look", broken)
    view = watcher.sees(lambda view: view.problems)
    assert view.problems == ("reading has stopped: RuntimeError: the disk is on fire",)


def test_of_very_many_files_some_are_shown_while_the_rest_is_read(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PARTIAL_SECONDS", 0.0)
    for rank in range(40):
        text = "".join(f"[DEBUG] [Rank {rank}] Training step {n}, loss=0.5\n" for n in range(5))
        (tmp_path / f"debug_rank{rank}_1.log").write_text(text)
    watcher = watch(tmp_path)
    watcher.sees(lambda view: view.loaded >= 1.0)
    counts = [len(view.ranks) for view in watcher.views]
    assert counts == sorted(counts)
    assert 0 < counts[0] < 40 == counts[-1]
    for view in watcher.views:
        assert (view.loaded < 1.0) == (len(view.ranks) < 40), "the share says that there is more"
        assert not view.alerts
        assert {rank.step for rank in view.ranks} == {4}, "each rank is there with its newest line"
