"""run.json and events.jsonl: whole at every moment, private, and never trusted blindly."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from supervision import NOBODY, record

from trainwatch.errors import RunError, TrainwatchError
from trainwatch.supervise.files import create_json, write_json
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.machine import Machine, here
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.process import Identity, identify
from trainwatch.supervise.record import claim, read_record, read_run, write_record
from trainwatch.supervise.standing import Standing, remains, standing


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    full = record(git_commit="c" * 40, stopped=True, survivors=("1 (x), sleeping",))
    full = full.began(identify(os.getpid()), 101.0).finished(137, 102.0).began(None, 103.0)
    write_record(RunPaths(tmp_path), full)
    assert read_record(tmp_path) == full
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["schema"] == 1
    assert document["logs"] == ["/a/b.log"]
    assert [attempt["number"] for attempt in document["attempts"]] == [0, 1]
    assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_readers_get_a_run_info(tmp_path: Path) -> None:
    ended = record().began(NOBODY, 101.0).finished(143, 102.0)
    write_record(RunPaths(tmp_path), ended)
    info = read_run(tmp_path)
    assert (info.id, info.attempt, info.exit_code, info.ended) == ("x", 0, 143, 102.0)
    assert (info.path, info.host, info.alive) == (str(tmp_path), here().host, False)


@pytest.mark.parametrize(
    ("launcher", "machine", "alive"),
    [
        (identify(os.getpid()), here(), True),
        (NOBODY, here(), False),
        (Identity(os.getpid(), 3), here(), False),
        (identify(os.getpid()), here()._replace(host="node9", boot="other"), None),
    ],
)
def test_alive_is_what_the_process_table_says(
    tmp_path: Path, launcher: Identity, machine: Machine, alive: bool | None
) -> None:
    write_record(RunPaths(tmp_path), record(machine=machine).began(launcher, 101.0))
    assert read_run(tmp_path).alive is alive


def test_how_a_run_stands() -> None:
    me = identify(os.getpid())
    started = record(supervisor=me).began(me, 1.0)
    assert standing(started) is Standing.RUNNING
    assert standing(replace(started, stopped=True)) is Standing.STOPPING
    assert standing(started.finished(1, 2.0)) is Standing.STOPPING
    lost = replace(started, supervisor=NOBODY)
    assert standing(lost) is Standing.UNGUARDED
    assert standing(lost.finished(1, 2.0)) is Standing.ENDED
    assert standing(record().began(NOBODY, 1.0)) is Standing.CUT_OFF
    elsewhere = here()._replace(host="node9", boot="other")
    assert standing(replace(started, machine=elsewhere)) is Standing.UNKNOWN
    assert remains(replace(started, machine=elsewhere), Path("/nowhere")) == ()


def test_only_one_run_can_claim_a_directory(tmp_path: Path) -> None:
    claim(RunPaths(tmp_path), record())
    with pytest.raises(FileExistsError):
        claim(RunPaths(tmp_path), record(id="y"))
    assert read_record(tmp_path).id == "x"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_claiming_works_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    create_json(tmp_path / "a.json", {"n": 1})
    with pytest.raises(FileExistsError):
        create_json(tmp_path / "a.json", {"n": 2})
    assert json.loads((tmp_path / "a.json").read_text()) == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"n": 1})
    with pytest.raises(TypeError):
        write_json(path, {"n": object()})
    assert json.loads(path.read_text()) == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


GOOD = {
    "schema": 1,
    "id": "x",
    "token": "t",
    "command": ["a"],
    "cwd": "/",
    "machine": here()._asdict(),
    "supervisor": {"pid": 5, "start_ticks": 5},
    "started": 1.0,
    "stop_timeout": 1.0,
    "logs": [],
    "owned": True,
    "stopped": False,
    "survivors": [],
    "attempts": [],
}


def test_keys_that_are_not_known_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**GOOD, "future": {"a": 1}}))
    assert read_record(tmp_path).id == "x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\0\0",
        '{"schema": 2}',
        "{}",
        "[" * 100_000,
        json.dumps(GOOD)[:-20],
        *(
            json.dumps({**GOOD, **wrong})
            for wrong in (
                {"started": "now"},
                {"started": 10**400},
                {"attempts": [3]},
                {"attempts": None},
                {"supervisor": {"pid": True, "start_ticks": 1}},
                {"supervisor": None},
                {"command": "a b"},
                {"logs": [1]},
                {"machine": {}},
                {"stopped": 1},
                {"exit_code": "0"},
            )
        ),
    ],
)
def test_a_damaged_or_foreign_record_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(TrainwatchError) as caught:
        read_run(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_does_not_hang_the_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    with pytest.raises(RunError, match="regular file"):
        read_run(tmp_path)
    with pytest.raises(RunError, match="does not exist"):
        read_run(tmp_path / "nowhere")


def test_a_torn_last_event_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"event": "start"}\n{"eve')
    Journal(path).write(Happened.EXIT, exit_code=1)
    first, torn, last = path.read_text().splitlines()
    assert (first, torn) == ('{"event": "start"}', '{"eve')
    assert json.loads(last)["exit_code"] == 1


def test_events_never_raise(tmp_path: Path) -> None:
    Journal(tmp_path / "gone" / "events.jsonl").write(Happened.START)
    Journal(Path("/dev/full")).write(Happened.START)
