"""A disk that is full, or a limit on the size of files, while a command writes."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
LOGS = SAMPLES / "healthy_4ranks"
EXPORT = [sys.executable, "-m", "trainwatch", "export", str(LOGS)]
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def run(command: list[str], **given: object) -> subprocess.CompletedProcess[str]:
    given.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        command, stderr=subprocess.PIPE, text=True, timeout=120, check=False, **given
    )  # type: ignore[call-overload]


def assert_one_sentence(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


@needs_full
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_standard_output_is_full(form: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = run([*EXPORT, "--format", form], stdout=full)
    assert_one_sentence(done)
    assert "No space left" in done.stderr


@needs_full
@pytest.mark.parametrize("table", ["steps", "events", "epochs"])
def test_the_file_is_on_a_full_device(table: str) -> None:
    assert_one_sentence(run([*EXPORT, "--table", table, "-o", "/dev/full"]))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_limit_on_the_size_of_files_leaves_nothing_half_written(
    form: str, tmp_path: Path
) -> None:
    (tmp_path / "steps").write_text("what stood there before")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = [*EXPORT, "--format", form, "-o", str(tmp_path / "steps")]
    assert_one_sentence(run(command, preexec_fn=limit))
    assert [path.name for path in tmp_path.iterdir()] == ["steps"]
    assert (tmp_path / "steps").read_text() == "what stood there before"


def test_a_reader_that_leaves_is_no_failure() -> None:
    done = subprocess.run(
        f"{' '.join(EXPORT)} | head -n 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
