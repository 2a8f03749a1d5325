"""A disk that is full, or a limit on the size of files, while a command writes."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "sample_logs"
LOGS = SAMPLES / "healthy_4ranks"
TRAINWATCH = [sys.executable, "-m", "trainwatch"]
EXPORT = [*TRAINWATCH, "export", str(LOGS)]
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
def small_files() -> None:
    """In the child: a file may have 4 KiB, which a disk with so much left looks like."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


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


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("table", ["steps", "events"])
def test_a_limit_on_the_size_of_files_leaves_nothing_half_written(
    form: str, table: str, tmp_path: Path
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    (tmp_path / "out").write_text("what stood there before")
    command = [*EXPORT, "--format", form, "--table", table, "-o", str(tmp_path / "out")]
    assert_one_sentence(run(command, preexec_fn=small_files))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").read_text() == "what stood there before"


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "results"
    target.mkdir()
    (target / "report.html").write_text("what stood there before")
    done = run([*TRAINWATCH, "report", str(LOGS), "-o", str(target)], preexec_fn=small_files)
    assert_one_sentence(done)
    assert (target / "report.html").read_text() == "what stood there before"
    written = {path.name for path in target.iterdir()} - {"report.html"}
    assert written <= {"summary.json", "report_draft.md", "metrics.csv"}
    if "summary.json" in written:
        json.loads((target / "summary.json").read_text())


def test_a_bundle_that_does_not_fit_is_not_left_behind(tmp_path: Path) -> None:
    target = tmp_path / "bundle.tar.gz"
    command = [*TRAINWATCH, "diagnose", "--logs-only", "--bundle", str(target), str(LOGS)]
    done = run(command, preexec_fn=small_files)
    assert_one_sentence(done)
    assert list(tmp_path.iterdir()) == []


RUN_ON_A_FULL_DISK = """
set -e
mount -t tmpfs -o size=256k none "$1"
export XDG_STATE_HOME="$1/state"
cd "$1"
work='echo "[Rank 0] Training step 1, loss=0.5"; touch begun
until [ -e full ]; do sleep 0.05; done; sleep 1; exit 7'
"$2" -m trainwatch run --exp-id full --no-tui --health-time 0 -- bash -c "$work" >out 2>err &
until [ -e begun ]; do sleep 0.05; done
: >full
cat /dev/zero >ballast 2>/dev/null || true
code=0; wait $! || code=$?
rm ballast
cat out err
echo "code $code"
"$2" -c 'import json, sys; json.load(open(sys.argv[1]))' trainwatch_runs/full/run.json
"$2" -m trainwatch status --json trainwatch_runs/full | "$2" -c '
import json, sys; d = json.load(sys.stdin); print("lines", d["lines"], "loss", d["metrics"]["loss"]["last"])'
"""


def test_a_disk_that_fills_up_during_a_run_does_not_end_the_training(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or run([unshare, "-Urm", "true"]).returncode != 0:
        pytest.skip("needs unshare -Urm: user namespaces are not permitted here")
    place = tmp_path / "small"
    place.mkdir()
    command = ["bash", "-c", RUN_ON_A_FULL_DISK, "bash", str(place), sys.executable]
    done = run([unshare, "-Urm", *command], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert "code 7" in done.stdout, done.stdout + done.stderr
    assert "lines 1 loss 0.5" in done.stdout, done.stdout + done.stderr


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
