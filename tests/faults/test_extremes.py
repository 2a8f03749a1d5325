"""More than anybody meant: a line of a gigabyte, a flood, very many files, clocks that go back."""

import subprocess
import sys
from pathlib import Path

import pytest

from trainwatch.events import Chunk, FileEnded
from trainwatch.sources import Follower

ROOT = Path(__file__).resolve().parents[2]
HUGE = """
import resource, sys
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo

size, piece = int(sys.argv[1]), 1 << 20
file, engine, offset = LogFile("debug_rank0_1.log"), Engine(RunInfo("x")), 0
record = b"[Rank 0] Training step 5, loss=0.25\\n"
def feed(data):
    global offset
    engine.feed(Chunk(file, offset, data, 1.0))
    offset += len(data)
feed(record)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(size // piece):
    feed(b"x" * piece)
feed(b"\\n" + record)
engine.feed(FileEnded(file, "read to its end"))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
stream, = engine.run.streams()
tally = engine.run.tally
print(stream.records, tally.lines, tally.bytes == offset, tally.unparsed, grown // 1024)
"""


def huge_line(size: int) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", HUGE, str(size)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return done.stdout.split()


def assert_harmless(said: list[str]) -> None:
    records, lines, counted, unparsed, grown = said
    assert (records, lines, counted, unparsed) == ("2", "3", "True", "1")
    assert int(grown) < 40  # MB


def test_a_line_of_64_megabytes_between_two_records() -> None:
    assert_harmless(huge_line(1 << 26))


@pytest.mark.long
def test_a_line_of_a_gigabyte_between_two_records() -> None:
    assert_harmless(huge_line(1 << 30))


def followed(root: Path) -> dict[str, bytes]:
    """Everything that a follower delivers, which opens so many files in several looks."""
    got: dict[str, bytes] = {}
    with Follower([str(root)]) as follower:
        while items := list(follower.poll(float(len(got)))):
            for item in items:
                assert isinstance(item, Chunk)
                assert item.offset == len(got.get(item.file.name, b""))
                got[item.file.name] = got.get(item.file.name, b"") + item.data
    return got


@pytest.mark.long
def test_sixteen_thousand_rank_files(tmp_path: Path) -> None:
    for rank in range(16_384):
        (tmp_path / f"debug_rank{rank}_1.log").write_text(
            f"[Rank {rank}] Training step 0, loss=0.5\n"
        )
    got = followed(tmp_path)
    assert len(got) == 16_384
    assert got["debug_rank9000_1.log"] == b"[Rank 9000] Training step 0, loss=0.5\n"


@pytest.mark.long
def test_a_hundred_thousand_lines_a_second_for_a_minute() -> None:
    sys.path.insert(0, str(ROOT))
    from bench.live import flood  # noqa: PLC0415 - measured there, counted here

    written, seen = flood(60)
    assert seen == written


def test_a_clock_that_is_set_back_between_two_looks(tmp_path: Path) -> None:
    log = tmp_path / "debug_rank0_1.log"
    line = b"[Rank 0] Training step 0, loss=0.5\n"
    follower = Follower([str(tmp_path)])
    got = b""
    for now in (1000.0, 2000.0, 500.0, -1.0, 3000.0, 2999.0):
        with log.open("ab") as stream:
            stream.write(line)
        for item in follower.poll(now):
            assert not isinstance(item, FileEnded)
            got += item.data
    assert got == line * 6
    follower.close()
