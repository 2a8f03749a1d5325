"""What must not matter: the order of files, how their bytes are cut, zones, clocks, hostile text."""

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.diagnose.cases import SAMPLE_LOGS, diagnosed, files_of
from tests.diagnose.scenarios import SCENARIOS, began, rank_logs, steps, table, traceback
from trainwatch.diagnose import Confidence, Diagnosis, ErrorFile, Gathering, Verdict, diagnose
from trainwatch.diagnose.errorfile import read_error_file
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.model.moments import Viewpoint

SLOW = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
CASES = ["oom", "stuck_checkpoint", "silent_rank", "resumed", "nan"]
NOW = 1_795_500_000.0


def chunked(files: dict[str, bytes], size: int) -> Diagnosis:
    """Fed in pieces of one size, the files in turn."""
    gathering = Gathering()
    engine = Engine(RunInfo("logs"), listener=gathering.take)
    engine.witness = gathering.see
    left = {name: list(range(0, len(data), size)) for name, data in files.items()}
    while any(left.values()):
        for name, places in left.items():
            if places:
                at = places.pop(0)
                data = files[name][at : at + size]
                engine.feed(Chunk(LogFile(name), at, data, 1_795_000_000.0))
    for name in files:
        engine.feed(FileEnded(LogFile(name), "read to its end"))
    return diagnose(engine.run, engine.info, Viewpoint(NOW), engine.config, gathering)


@pytest.mark.parametrize("name", CASES)
@given(seed=st.integers(0, 10_000))
@SLOW
def test_the_order_of_files_does_not_matter(name: str, seed: int) -> None:
    files = files_of(SAMPLE_LOGS / name)
    shuffled = list(files.items())
    random.Random(seed).shuffle(shuffled)
    assert diagnosed(dict(shuffled), now=NOW) == diagnosed(files, now=NOW)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_order_of_files_does_not_matter_to_scenarios(scenario: object) -> None:
    files = {name: text.encode() for name, text in scenario.files.items()}  # type: ignore[attr-defined]
    turned = dict(reversed(files.items()))
    assert diagnosed(turned, now=NOW) == diagnosed(files, now=NOW)


@pytest.mark.parametrize("name", CASES)
@given(size=st.integers(17, 5000))
@settings(SLOW, max_examples=6)
def test_how_bytes_are_cut_does_not_matter(name: str, size: int) -> None:
    files = files_of(SAMPLE_LOGS / name)
    assert chunked(files, size) == diagnosed(files, now=NOW)


@given(st.binary(max_size=3000))
@SLOW
def test_any_bytes_give_a_diagnosis(data: bytes) -> None:
    found = diagnosed({"console.log": data, "debug_rank1.log": data[::-1]}, now=NOW)
    assert found.summary


@given(st.text(max_size=300))
@SLOW
def test_hostile_text_in_a_traceback_stays_text(text: str) -> None:
    line = text.replace("\n", " ")
    log = traceback(1, f"ValueError: {line}", (f"/job/{line}.py", line, line))
    found = diagnosed({"console.log": log.encode(errors="replace")}, now=NOW)
    assert found.category in ("user_exception", *[c for c in [found.category] if c])


@given(st.integers(0, 700))
@SLOW
def test_half_an_error_file_gives_what_it_still_says(length: int) -> None:
    whole = (
        b'{"message": {"message": "ValueError: bad sample", "extraInfo": {"py_callstack": '
        b'"Traceback (most recent call last):\\n  File \\"/job/train.py\\", line 3, in main\\n'
        b'    run()\\nValueError: bad sample\\n", "timestamp": "1795294404"}}}'
    )
    clue = read_error_file(ErrorFile("attempt_0/1/error.json", whole[:length]))
    assert clue is None or clue.who.local == 1
    if length >= len(whole):
        assert clue is not None
        assert clue.exception == "ValueError"
        assert clue.frames


@given(st.binary(max_size=400))
@SLOW
def test_any_error_file_is_survived(data: bytes) -> None:
    read_error_file(ErrorFile("error.json", data))
    read_error_file(ErrorFile("error.json", b'{"message": ' + data))


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"message": []}', '{"message": {"message": 3}}',
                                  '{"message": {"message": "x", "extraInfo": 7}}', "[" * 100_000])  # fmt: skip
def test_odd_error_files_are_survived(text: str) -> None:
    read_error_file(ErrorFile("error.json", text.encode()))


@pytest.mark.parametrize("hours", [-9, -3, 1, 5, 12])
def test_clocks_that_disagree_by_hours(hours: int) -> None:
    """Which rank's clock is wrong changes neither the verdict nor the accused."""
    files = rank_logs(3)
    name = "debug_rank1_20261121_100000.log"
    files[name] = began(1, 3, hour=10 + hours) + steps(1, 5, hour=10 + hours)
    found = diagnosed({n: text.encode() for n, text in files.items()}, now=NOW)
    assert found.verdict is Verdict.HANG
    assert [rank.who.rank for rank in found.ranks if rank.role == "suspect"] == [1]
    assert any("clocks that agree" in text for text in found.missing)


def test_two_jobs_in_one_directory_are_told_apart() -> None:
    """Two directories, each with a rank 0 and 1 of its own, at the same time."""
    one = {f"a/{name}": text for name, text in rank_logs(2, 30).items()}
    two = {f"b/{name}": text for name, text in rank_logs(2, 10, pid=7000).items()}
    two["b/console.log"] = traceback(1, "ValueError: bad sample") + table((1, 1), (0, -15))
    files = {name: text.encode() for name, text in {**one, **two}.items()}
    found = diagnosed(files, now=NOW)
    assert found.category == "user_exception"
    assert [rank.step for rank in found.ranks] == [9, 9]
    assert any("2 jobs" in text for text in found.missing)
    assert any("a" in other.summary for other in found.others)


def test_two_jobs_with_other_world_sizes_in_one_directory() -> None:
    later = {
        f"debug_rank{rank}_20261121_100030.log": began(rank, 3, pid=9000 + rank)
        + steps(rank, 12, minute=1)
        for rank in range(3)
    }
    files = {n: text.encode() for n, text in {**rank_logs(2, 40), **later}.items()}
    found = diagnosed(files, now=NOW)
    assert found.verdict is Verdict.UNDECIDED
    assert any("jobs" in text for text in found.missing)


def test_a_rank_that_writes_two_logs_is_one_job() -> None:
    """The same process says so, whatever the directories are called."""
    tree = {f"ld/attempt_0/{r}/stdout.log": began(r, 2) + steps(r, 12) for r in range(2)}
    files = {n: text.encode() for n, text in {**rank_logs(2), **tree}.items()}
    found = diagnosed(files, now=NOW)
    assert not any("jobs" in text for text in found.missing)


def test_outputs_of_two_scheduled_jobs_are_told_apart() -> None:
    good = began(0, 1) + steps(0, 40)
    bad = began(0, 1, pid=9) + steps(0, 20) + traceback(0, "ValueError: bad sample")
    found = diagnosed({"slurm-77.out": good.encode(), "slurm-78.out": bad.encode()}, now=NOW)
    assert found.category == "user_exception"
    assert any("2 jobs" in text for text in found.missing)
    assert any("slurm-77" in other.summary for other in found.others)


def test_the_failure_of_a_job_before_is_not_that_of_the_next() -> None:
    bad = began(0, 1) + steps(0, 20) + traceback(0, "ValueError: bad sample")
    good = began(0, 1, hour=12, pid=9) + steps(0, 40, hour=12)
    found = diagnosed({"slurm-77.out": bad.encode(), "slurm-78.out": good.encode()}, now=NOW)
    assert found.verdict is Verdict.UNDECIDED
    assert found.category is None
    assert [other.category for other in found.others] == ["user_exception"]


def test_attempts_behind_each_other_are_one_job() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "resumed"), now=NOW)
    assert not any("jobs" in text for text in found.missing)


def test_a_log_that_simply_ends_is_never_a_hang() -> None:
    for count in range(1, 30, 4):
        files = {n: text.encode() for n, text in rank_logs(4, count).items()}
        found = diagnosed(files, now=NOW)
        assert found.verdict is Verdict.UNDECIDED
        assert found.confidence is Confidence.POSSIBLE
        assert found.missing


def test_no_log_at_all() -> None:
    found = diagnosed({}, now=NOW)
    assert found.verdict is Verdict.UNDECIDED


def test_the_samples_exist() -> None:
    assert all((Path(SAMPLE_LOGS) / name).is_dir() for name in CASES)


def test_logs_without_ranks_that_have_nothing_in_common_are_said() -> None:
    one = "".join(f"step {at} loss {6.9 - at / 1000:.4f} lr 0.1\n" for at in range(40))
    two = "".join(f"step {at} loss {0.3 - at / 1000:.4f} lr 0.1\n" for at in range(40))
    apart = diagnosed({"resnet.log": one.encode(), "llama.log": two.encode()}, now=NOW)
    assert any("resnet.log" in text and "two jobs" in text for text in apart.missing)
    alike = diagnosed({"resnet.log": one.encode(), "console.log": one.encode()}, now=NOW)
    assert not any("two jobs" in text for text in alike.missing)


def test_silence_is_counted_by_one_clock() -> None:
    """Three hours ahead: what looks three hours younger is as old as the others' lines."""
    files = {name: text.encode() for name, text in rank_logs(3).items()}
    name = "debug_rank2_20261121_100000.log"
    files[name] = (began(2, 3, hour=13) + steps(2, 12, hour=13)).encode()
    found = diagnosed(files, now=NOW)
    assert any("off" in text for text in found.missing)
    seconds = {round(one.seconds or 0.0) for one in found.silence}
    assert len(seconds) == 1
