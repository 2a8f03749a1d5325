"""What trainwatch writes: for its owner, through no link, without secrets; and what it promises."""

import os
import re
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from trainwatch.signs import done, write_sign
from trainwatch.supervise.files import write_json
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.temporary import PRIVATE, open_beside

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "sample_logs" / "healthy_4ranks"


def trainwatch(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "trainwatch", *arguments], stdout=subprocess.DEVNULL, check=False
    )


def test_no_temporary_name_can_be_prepared(tmp_path: Path) -> None:
    first, second = (open_beside(tmp_path / "run.json") for _ in range(2))
    for handle, path in (first, second):
        assert path.parent == tmp_path
        assert path.stat().st_mode & 0o777 == PRIVATE
        os.close(handle)
    assert first[1] != second[1]


def test_no_module_makes_a_temporary_name_of_its_own() -> None:
    """All files that take another's place are made by one function; the rest by the system's."""
    package = ROOT / "trainwatch"
    named = re.compile(r"mktemp\(|with_(?:name|suffix)\([^)]*(?:pid|tmp|temp)")
    texts = {path.name: path.read_text() for path in package.rglob("*.py")}
    assert [name for name, text in texts.items() if named.search(text)] == []


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has ended, under the usual umask."""
    place = tmp_path_factory.mktemp("run")
    work = "for i in 1 2 3; do echo [Rank 0] Training step $i, loss=0.5; done; sleep 3"
    command = [sys.executable, "-m", "trainwatch", "run", "--exp-id", "x", "--no-tui", "--"]
    subprocess.run(
        [*command, "bash", "-c", work],
        cwd=place,
        env=os.environ | {"XDG_STATE_HOME": str(place / "state")},
        stdout=subprocess.DEVNULL,
        check=True,
        umask=0o022,
    )
    return place / "trainwatch_runs" / "x"


def test_what_a_run_writes_is_for_its_owner_only(run: Path) -> None:
    for path in (run, *run.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        wanted = 0o700 if path.is_dir() else 0o600
        # Signals are for job scripts, results for people; both lie behind the closed directory.
        if path.relative_to(run).parts[:1] not in (("signals",), ("results",)):
            assert mode == wanted, (path, oct(mode))
    assert {"run.json", "console.log", "events.jsonl", "system.jsonl"} <= {
        path.name for path in run.iterdir()
    }


def test_a_link_in_the_place_of_a_file_of_a_run_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    for name in ("run.json", "events.jsonl", "x.done"):
        (tmp_path / name).symlink_to(precious)
    write_json(tmp_path / "run.json", {})
    Journal(tmp_path / "events.jsonl").write(Happened.START)
    write_sign(tmp_path, "x", done(0, 1.0, 0.0))
    assert precious.read_text() == "mine"


def test_a_run_does_not_print_through_a_link(tmp_path: Path) -> None:
    precious, place = tmp_path / "precious", tmp_path / "run"
    precious.write_text("mine")
    place.mkdir()
    for name in ("console.log", "events.jsonl", "system.jsonl"):
        (place / name).symlink_to(precious)
    command = [sys.executable, "-m", "trainwatch", "run", "--run-dir", str(place), "--no-tui", "--"]
    done = subprocess.run(
        [*command, "echo", "hello"],
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode != 0
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert precious.read_text() == "mine"


def test_every_file_is_made_by_a_call_that_follows_no_link() -> None:
    calls = re.compile(r"^.*O_CREAT.*$", re.MULTILINE)
    for path in (ROOT / "trainwatch").rglob("*.py"):
        for call in calls.findall(path.read_text()):
            assert "O_NOFOLLOW" in call or "O_EXCL" in call, (path, call)


@pytest.mark.parametrize("command", ["export", "bundle"])
def test_a_target_that_is_a_link_to_nothing_stays_one(tmp_path: Path, command: str) -> None:
    """A dangling link may have been put there to have a file made elsewhere."""
    link = tmp_path / "out.tar.gz"
    link.symlink_to(tmp_path / "elsewhere")
    if command == "bundle":
        trainwatch("diagnose", "--logs-only", "--bundle", str(link), str(LOGS))
        assert not (tmp_path / "elsewhere").exists()
    else:  # the user named it
        trainwatch("export", str(LOGS), "-o", str(link))
        assert link.is_symlink()
        assert (tmp_path / "elsewhere").is_file()


def test_no_secret_gets_into_a_bundle(tmp_path: Path) -> None:
    by_shape = ("hf_" + "a1B2" * 8, "AKIA" + "Z9" * 8, "eyJhbGciOi.eyJzdWIiOi.c2ln")
    by_name = ("s3cr3t-by-name", "hunter2hunter2")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "train.log").write_text(
        "[Rank 0] Training step 1, loss=0.5\n"
        f"login with {by_shape[0]} and {by_shape[1]}\nAuthorization: Bearer {by_shape[2]}\n"
        f"python train.py --api-key={by_name[0]} --lr 0.1\npassword: '{by_name[1]}'\n"
    )
    bundle = tmp_path / "b.tar.gz"
    environment = os.environ | {"WANDB_API_KEY": "k3y-by-name", "OTHER": by_shape[0]}
    command = [sys.executable, "-m", "trainwatch", "diagnose", "--logs-only", str(logs)]
    subprocess.run(
        [*command, "--bundle", str(bundle)], env=environment, stdout=subprocess.DEVNULL, check=False
    )
    assert stat.S_IMODE(bundle.stat().st_mode) == PRIVATE
    with tarfile.open(bundle) as archive:
        members = [archive.extractfile(one) for one in archive.getmembers()]
        held = b"".join(member.read() for member in members if member)
    for secret in (*by_shape, *by_name, "k3y-by-name"):
        assert secret.encode() not in held
    assert b"--lr 0.1" in held
    assert b"Training step 1, loss=0.5" in held


# --- what is promised ----------------------------------------------------------------------------


def promises() -> list[tuple[str, list[str]]]:
    """Each row of the table of promises: what is promised, and the tests that it names."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.split("## What is promised")[1].split("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")]
    return [
        (cells[0].strip(), re.findall(r"`((?:tests|fuzz)/[^`]*)`", cells[2])) for cells in rows[1:]
    ]


@pytest.mark.parametrize(("promise", "tests"), promises())
def test_each_promise_names_tests_that_are_there(promise: str, tests: list[str]) -> None:
    assert tests, promise
    for test in tests:
        name, _, function = test.partition("::")
        assert (ROOT / name).is_file(), test
        assert function or name.startswith("fuzz/"), f"{test} names no function"
        assert not function or f"def {function}(" in (ROOT / name).read_text(encoding="utf-8"), test
