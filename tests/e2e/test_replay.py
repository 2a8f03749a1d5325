"""The demo without torch: recorded logs are written anew, whole and in order."""

from pathlib import Path

from tests.cli.conftest import SAMPLES
from tests.e2e.conftest import wait_for
from trainwatch.cli.replay import Replay, schedule


def test_schedule_keeps_every_byte_and_the_order_of_each_file() -> None:
    recording = SAMPLES / "demo"
    files = [
        (str(path.relative_to(recording)), path.read_bytes())
        for path in sorted(recording.rglob("*"))
        if path.is_file()
    ]
    lines = schedule(files)
    assert lines[0].at == 0.0
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert 20 < lines[-1].at < 100
    for name, data in files:
        assert b"".join(line.line for line in lines if line.name == name) == data


def test_replay_writes_in_real_time_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "debug_rank0.log").write_text(
        "2026-01-01 00:00:00,000 [DEBUG] a\n2026-01-01 00:00:00,300 [DEBUG] b\n"
    )
    with Replay(tmp_path) as replay:
        log = replay.directory / "debug_rank0.log"
        wait_for(lambda: log.exists() and log.read_text().count("\n") == 2, 5.0)
        assert log.read_bytes() == (tmp_path / "debug_rank0.log").read_bytes()
    assert not replay.directory.exists()
