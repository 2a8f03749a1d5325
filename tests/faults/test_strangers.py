"""What other users, or the writers of logs, may leave for trainwatch to trip over."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trainwatch
from trainwatch.errors import RunError
from trainwatch.supervise.stop import request_stop, stop_run
from trainwatch.temporary import PRIVATE, open_beside

NOBODY = 65534
FORMULA = '=HYPERLINK("http://x/","y")'
HOSTILE = [
    f"{FORMULA}\r+1+cmd|' /C calc'!A0",
    "[ERROR] @SUM(1) <script>alert(1)</script> \x1b]0;title\x07 \x1b[2J [red]markup[/x]",
    "[ERROR] shard {{7*7}} ${HOME} $(touch /tmp/owned) `id` %s ../../etc/passwd \u202eevil\u2066",
    "[Rank 0] Training step 1, loss=0.5",
    "RuntimeError: </td><img src=x onerror=alert(1)> CUDA out of memory \udcff",
]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    name = tmp_path / "logs" / f"{FORMULA.replace('/', '_')}.log"
    name.parent.mkdir()
    name.write_text("\n".join([*HOSTILE, ""]), errors="surrogateescape")
    return name.parent


def said(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "trainwatch", *arguments],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("command", ["status", "diagnose"])
def test_no_line_acts_on_the_terminal(logs: Path, command: str) -> None:
    text = said(command, str(logs))
    assert not [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]
    assert not set(text) & set("\u202e\u2066")


@pytest.mark.parametrize("command", ["status", "diagnose"])
def test_json_stays_one_document_on_one_line(logs: Path, command: str) -> None:
    text = said(command, "--json", str(logs))
    assert json.loads(text)["schema"] == 1
    assert text.isascii() or "\x1b" not in text


@pytest.mark.parametrize("table", ["steps", "events", "alerts"])
def test_no_cell_is_a_formula(logs: Path, table: str) -> None:
    text = said("export", "--table", table, "--format", "csv", str(logs))
    rows = list(csv.reader(io.StringIO(text)))
    assert rows
    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in ("=", "+", "@", "\t", "\r"), cell


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_run_of_another_user_ends_nobody(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "run.json").write_text(json.dumps({"schema": 1, "pid": sleeper.pid}))
        os.chown(tmp_path, NOBODY, NOBODY)
        for stop in (stop_run, request_stop):
            with pytest.raises(RunError, match="another user"):
                stop(tmp_path)
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_an_export_does_not_write_through_a_link(logs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("untouched")
    link = tmp_path / ".steps.csv"
    link.symlink_to(secret)
    said("export", str(logs), "-o", str(tmp_path / "steps.csv"))
    assert secret.read_text() == "untouched"
    assert (tmp_path / "steps.csv").read_text().count("\n") == 1


def test_no_temporary_name_can_be_prepared(tmp_path: Path) -> None:
    first, second = (open_beside(tmp_path / "run.json") for _ in range(2))
    for handle, path in (first, second):
        assert path.parent == tmp_path
        assert path.stat().st_mode & 0o777 == PRIVATE
        os.close(handle)
    assert first[1] != second[1]


def test_no_module_makes_a_temporary_name_of_its_own() -> None:
    """All files that take another's place are made by one function; the rest by the system's."""
    package = Path(trainwatch.__file__).parent
    named = re.compile(r"mktemp\(|with_(?:name|suffix)\([^)]*(?:pid|tmp|temp)")
    texts = {path.name: path.read_text() for path in package.rglob("*.py")}
    assert [name for name, text in texts.items() if named.search(text)] == []
