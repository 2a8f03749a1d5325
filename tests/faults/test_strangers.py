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

from trainwatch.errors import RunError
from trainwatch.runner.control import restart
from trainwatch.supervise.stop import request_stop, stop_run

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
    assert not [byte for byte in done.stderr if byte < 32 and byte != 10]
    return done.stdout.decode()


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["diagnose"],
        ["attach", "--once"],
        ["report", "--print"],
        ["report", "--prompt"],
        ["export", "--table", "events"],
        ["formats", "test"],
    ],
    ids=" ".join,
)
def test_no_line_acts_on_the_terminal(logs: Path, command: list[str]) -> None:
    (log,) = logs.iterdir()
    text = said(*command, str(log if command[0] == "formats" else logs))
    assert text
    if command == ["report", "--print"]:
        text = re.sub(r"\x1b\[[\d;]*m", "", text)  # the colours of its own plots
    assert not [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]
    assert not set(text) & set("\u202e\u2066")


@pytest.mark.parametrize("command", ["status", "diagnose"])
def test_json_stays_one_document_on_one_line(logs: Path, command: str) -> None:
    text = said(command, "--json", str(logs))
    assert json.loads(text)["schema"] == 1
    assert text.isascii() or "\x1b" not in text


AUDITED = """
import sys
seen = set()
def hook(event, arguments):
    if event in ("open", "os.remove", "os.rename", "exec", "subprocess.Popen", "os.system"):
        seen.add(f"{event} {arguments!r}"[:300])
sys.addaudithook(hook)
from trainwatch.cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("audited", *(one for one in seen if "bait" in one), file=sys.stderr)
"""


def test_no_line_starts_or_opens_anything(tmp_path: Path) -> None:
    """What the lines name is there, and is not touched: seen by an audit hook of the interpreter."""
    bait = tmp_path / "bait.json"
    bait.write_text("{}")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "console.log").write_text(
        f"[Rank 0] Training step 1, loss=0.5\nSaving checkpoint to {bait}\n"
        f"  error_file: {bait}\n[ERROR] shard {bait} could not be read; $(touch {tmp_path}/x)\n"
        f'  File "{bait}", line 1, in <module>\nRuntimeError: `touch {tmp_path}/x` | sh {bait}\n'
    )
    for command in (["status"], ["diagnose", "--logs-only"], ["report", "-o", str(tmp_path / "o")]):
        done = subprocess.run(
            [sys.executable, "-c", AUDITED, *command, str(logs)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "audited" in done.stderr, done.stderr
        assert "bait" not in done.stderr, done.stderr
        assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("table", ["steps", "events", "alerts"])
def test_no_cell_is_a_formula(logs: Path, table: str) -> None:
    text = said("export", "--table", table, "--format", "csv", str(logs))
    rows = list(csv.reader(io.StringIO(text)))
    assert rows
    for cell in (cell for row in rows for cell in row):
        assert cell[:1] not in ("=", "+", "@", "\t", "\r"), cell


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_run_of_another_user_ends_and_starts_nothing(tmp_path: Path) -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        (tmp_path / "run.json").write_text(json.dumps({"schema": 1, "pid": sleeper.pid}))
        os.chown(tmp_path, NOBODY, NOBODY)
        for stop in (stop_run, request_stop):
            with pytest.raises(RunError, match="another user"):
                stop(tmp_path)
        assert "another user" in restart(tmp_path)
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
