"""The command: exit codes, streams, error files, what is known of a run besides its logs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.diagnose.cases import SAMPLE_LOGS, diagnosed, files_of
from tests.diagnose.scenarios import began, rank_logs, steps, traceback
from trainwatch.cli import main as cli
from trainwatch.diagnose import Confidence, Role, Verdict
from trainwatch.events import RunInfo

NOW = 1_795_500_000.0


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "diagnose", "Say what is wrong.")


def call(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["diagnose", *map(str, arguments)])
    return int(left.value.code or 0)


def document(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, object]:
    call(*arguments, "--json")
    out = capsys.readouterr().out
    found: dict[str, object] = json.loads(out)
    return found


@pytest.mark.parametrize(
    ("name", "code"), [("finished", 0), ("oom", 1), ("nan", 1), ("healthy_4ranks", 1)]
)
def test_exit_codes(name: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(SAMPLE_LOGS / name, "--now", "2026-11-24T10:00:00") == code
    assert capsys.readouterr().out


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(SAMPLE_LOGS / "oom", "--now", "yesterday") == 2
    assert call(SAMPLE_LOGS / "oom", "--nonsense") == 2
    assert not capsys.readouterr().out


def test_nothing_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(tmp_path / "absent") == 3
    assert call(tmp_path) == 3
    (tmp_path / "notes.log").write_text("hello\nworld\n")
    assert call(tmp_path) == 3
    read = capsys.readouterr()
    assert not read.out
    assert read.err.startswith("trainwatch: ")


def test_a_failure_without_any_record_of_a_training_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dmesg.txt").write_text("NVRM: Xid (PCI:0000:91:00): 79, GPU has fallen off\n")
    assert document(capsys, tmp_path)["category"] == "gpu_hardware"


def test_error_files_of_a_tree_without_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for rank, text, seconds in ((0, "RuntimeError: Connection closed by peer [::1]", 4),
                                (1, "ValueError: bad sample", 3)):  # fmt: skip
        directory = tmp_path / "run_x" / "attempt_0" / str(rank)
        directory.mkdir(parents=True)
        inner = {
            "message": text,
            "extraInfo": {"py_callstack": "", "timestamp": f"179529440{seconds}"},
        }
        (directory / "error.json").write_text(json.dumps({"message": inner}))
        (directory / "stdout.log").write_text("up\n")
    found = document(capsys, tmp_path)
    assert found["category"] == "user_exception"
    ranks = found["ranks"]
    assert isinstance(ranks, list)
    assert [(rank["rank"], rank["role"]) for rank in ranks] == [(None, "victim"), (None, "guilty")]


def test_half_an_error_file_and_an_unreadable_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLE_LOGS / "oom", tmp_path / "oom")
    (tmp_path / "oom" / "error.json").write_text('{"message": {"message": "torch.OutOf')
    (tmp_path / "oom" / "parent_error.json").mkdir()
    assert document(capsys, tmp_path / "oom")["category"] == "cuda_oom"


def test_only_some_ranks(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, SAMPLE_LOGS / "oom", "--rank", "1")
    assert isinstance(found["ranks"], list)
    assert [rank["rank"] for rank in found["ranks"]] == [1]


def test_paths_are_relative_to_the_directory(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, SAMPLE_LOGS / "oom")
    assert isinstance(found["evidence"], list)
    assert {proof["file"].split("/")[0] for proof in found["evidence"]} <= {"console.log", "logs"}


# --- what is known besides the logs ---------------------------------------------------------------


def encoded(files: dict[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in files.items()}


def test_a_living_job_that_is_silent_hangs_and_nobody_is_accused() -> None:
    info = RunInfo("logs", id="x", alive=True)
    found = diagnosed(encoded(rank_logs(3)), now=NOW, info=info)
    assert found.verdict is Verdict.HANG
    assert all(rank.role is Role.UNKNOWN for rank in found.ranks)
    assert any("py-spy" in text for text in found.missing)


def test_a_silent_job_whose_log_names_no_rank_hangs_too() -> None:
    info = RunInfo("logs", id="x", alive=True)
    lines = "".join(
        f"2026-11-21 10:00:{10 + at},000 Epoch [1/9] - 进度 1.0% ({at}/90) - Batch Loss: 0.5 - LR: 0.1\n"
        for at in range(20)
    )
    found = diagnosed({"train.log": lines.encode()}, now=NOW, info=info)
    assert found.verdict is Verdict.HANG
    assert found.evidence


def test_a_job_that_just_wrote_is_healthy() -> None:
    files = encoded(rank_logs(2))
    found = diagnosed(files, now=NOW, mtime=NOW - 1, info=RunInfo("logs", id="x", alive=True))
    assert found.verdict in (Verdict.HEALTHY, Verdict.HANG)  # by the clock that the lines state


def test_a_starting_job_is_healthy() -> None:
    info = RunInfo("logs", id="x", alive=True, started=NOW - 5)
    found = diagnosed({"console.log": b"pip says hello\n"}, now=NOW, mtime=NOW, info=info)
    assert found.verdict is Verdict.HEALTHY


def test_a_dead_launcher_means_failed_though_orphans_write() -> None:
    info = RunInfo("logs", id="x", alive=False)
    found = diagnosed(encoded(rank_logs(2)), now=NOW, mtime=NOW, info=info)
    assert found.verdict is Verdict.FAILED
    assert found.category is None
    assert found.missing


def test_stopped_on_request() -> None:
    info = RunInfo("logs", id="x", alive=False, exit_code=143, stopped=True)
    found = diagnosed(encoded(rank_logs(2)), now=NOW, info=info)
    assert (found.verdict, found.category) == (Verdict.INTERRUPTED, "external_signal")
    assert found.confidence is Confidence.CERTAIN


@pytest.mark.parametrize(("code", "verdict"), [(130, "interrupted"), (143, "interrupted"),
                                               (1, "failed"), (137, "failed"), (0, "finished")])  # fmt: skip
def test_exit_codes_of_the_training(code: int, verdict: str) -> None:
    info = RunInfo("logs", id="x", alive=False, exit_code=code)
    assert diagnosed(encoded(rank_logs(2)), now=NOW, info=info).verdict.value == verdict


def test_an_exception_explains_an_exit_code() -> None:
    info = RunInfo("logs", id="x", alive=False, exit_code=1)
    files = {**rank_logs(2), "console.log": traceback(1, "ValueError: bad sample")}
    found = diagnosed(encoded(files), now=NOW, info=info)
    assert found.category == "user_exception"


def test_a_rank_without_a_log_is_named_as_missing() -> None:
    files = {f"debug_rank{rank}.log": began(rank, 4) + steps(rank, 12) for rank in range(3)}
    found = diagnosed(encoded(files), now=NOW)
    assert found.verdict is Verdict.UNDECIDED
    assert any("rank 3" in text for text in found.missing)


def test_bad_shards_and_uneven_shares_stand_beside_the_verdict() -> None:
    shares = {
        f"debug_rank{rank}.log": began(rank, 3)
        + f"2026-11-21 10:00:06,000 [DEBUG] [Rank {rank}/3 Worker 0/1] Processing "
        f"{400 if rank == 2 else 500}/1500 files from train_shards\n" + steps(rank, 9)
        for rank in range(3)
    }
    found = diagnosed(encoded(shares), now=NOW)
    assert found.verdict is Verdict.UNDECIDED
    assert [other.category for other in found.others] == ["uneven_inputs"]
    assert "rank 2" in found.others[0].summary


def test_samples_end_well_only_where_they_say_so() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "demo"), now=NOW)
    assert (found.verdict, found.category) == (Verdict.FINISHED, None)


@pytest.mark.parametrize(("clock", "hung"), [("15:14:09", True), ("10:00:55", False),
                                             ("12:00:52", False)])  # fmt: skip
def test_a_standstill_before_the_end_is_told(clock: str, hung: bool) -> None:
    """Unless it is as long as the clocks of two zones are apart."""
    log = (
        began(0, 1)
        + steps(0, 40)
        + (
            f"slurmstepd: error: *** JOB 81 ON a17 CANCELLED AT 2026-11-21T{clock} DUE TO TIME LIMIT"
            " ***\n"
        )
    )
    found = diagnosed({"slurm-81.out": log.encode()}, now=NOW)
    assert found.category == "sched_time_limit"
    assert any("had not moved for 5 h" in other.summary for other in found.others) is hung
