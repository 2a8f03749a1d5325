"""Two runs side by side."""

import threading
from pathlib import Path

import pytest

from tests.cli.conftest import SAMPLES
from trainwatch.cli.live import LiveReader
from trainwatch.cli.options import Selection
from trainwatch.cli.pair import PairReader, are_two_runs
from trainwatch.model.snapshot import RunView, Wish

DEADLINE = 60.0


def logs(directory: Path, *names: str) -> str:
    directory.mkdir()
    for name in names:
        (directory / name).write_text("step 1 loss 0.5\n")
    return str(directory)


@pytest.mark.parametrize(
    ("one", "other", "two"),
    [
        (["debug_rank0.log"], ["debug_rank0.log", "debug_rank1.log"], True),
        (["debug_rank0.log"], ["debug_rank1.log"], False),
        (["train.log"], ["train.log"], True),
        (["train.log"], [], False),
    ],
    ids=["same rank", "nodes of one job", "no rank", "nothing there"],
)
def test_two_directories_with_the_same_ranks_are_two_runs(
    tmp_path: Path, one: list[str], other: list[str], *, two: bool
) -> None:
    paths = [logs(tmp_path / "a", *one), logs(tmp_path / "b", *other)]
    assert are_two_runs(paths) is two


def test_files_and_more_than_two_paths_are_one_run(tmp_path: Path) -> None:
    path = logs(tmp_path / "a", "debug_rank0.log")
    assert not are_two_runs([path])
    assert not are_two_runs([path, path, path])
    assert not are_two_runs([path, f"{path}/debug_rank0.log"])


def test_the_second_run_is_beside_the_first_with_the_same_curves() -> None:
    paths = [str(SAMPLES / name) for name in ("finished", "resumed")]
    assert are_two_runs(paths)
    readers = [LiveReader([path], Selection((path,))) for path in paths]
    pair = PairReader(*readers)
    pair.want(Wish("loss"))
    views: list[RunView] = []
    seen = threading.Event()

    def take(view: RunView) -> None:
        views.append(view)
        if view.beside is not None and view.beside.wished:
            seen.set()

    pair.start(take)
    try:
        assert seen.wait(DEADLINE)
    finally:
        pair.stop()
    view = views[-1]
    assert view.info.path.endswith("finished")
    assert view.beside is not None
    assert view.beside.info.path.endswith("resumed")
    assert [curve.metric for curve in view.beside.wished] == ["loss", "val_loss"]
    assert not pair.can_stop
