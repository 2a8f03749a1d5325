"""`--bundle`: everything that is needed, and no secret."""

import json
import os
import pickle  # noqa: TID251 - to make a dump
import shutil
import socket
import stat
import tarfile
from pathlib import Path

import pytest

from tests.diagnose.cases import SAMPLE_LOGS
from tests.diagnose.test_command import call
from tests.report.test_secrets import SECRETS
from trainwatch.cli import bundle as bundles

HF = "hf_" + "aB3" * 12


def content(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all(member.isreg() and member.mode == 0o600 for member in members)
        files = {member.name: archive.extractfile(member) for member in members}
        return {name.partition("/")[2]: file.read() for name, file in files.items() if file}


def test_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(SAMPLE_LOGS / "oom", logs)
    with (logs / "console.log").open("a") as console:
        console.write(f"login with {HF}\n")
    (tmp_path / "secret.txt").write_text("the key of the house")
    (logs / "link.log").symlink_to(tmp_path / "secret.txt")
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    monkeypatch.setenv("PROXY", "http://me:hunter22@proxy:80")
    target = tmp_path / "report.tar.gz"
    assert call(logs, "--bundle", target) == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    found = content(target)
    every = b"\n".join(found.values())
    for secret in (HF, "0123456789abcdef", "hunter22", "the key of the house"):
        assert secret.encode() not in every
    assert b"cuda_oom" in found["diagnosis.json"]
    assert b"WANDB_API_KEY=[removed]" in found["environment/trainwatch.txt"]
    assert any(name.startswith("files/") and "debug_rank1" in name for name in found)
    assert {"diagnosis.txt", "versions.txt", "state/meminfo.txt"} <= set(found)


def test_an_existing_file_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "mine.tar.gz"
    target.write_text("mine")
    assert call(SAMPLE_LOGS / "oom", "--bundle", target) == 2
    assert target.read_text() == "mine"
    assert "exists" in capsys.readouterr().err


def test_of_a_huge_log_both_ends_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "HEAD", 1000)
    monkeypatch.setattr(bundles, "TAIL", 2000)
    shutil.copytree(SAMPLE_LOGS / "finished", tmp_path / "logs")
    call(tmp_path / "logs", "--bundle", tmp_path / "b.tgz")
    sizes = [
        len(data) for name, data in content(tmp_path / "b.tgz").items() if "debug_rank" in name
    ]
    assert sizes
    assert max(sizes) < 3200


def test_no_secret_survives_in_any_member_whatever_it_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(SAMPLE_LOGS / "oom", logs)
    lines = "".join(f"{line}\n" for line, _ in SECRETS)
    (logs / "console.log").write_text(lines + (logs / "console.log").read_text())
    (logs / "error.json").write_text(json.dumps({"message": {"message": lines, "extraInfo": {}}}))
    named = logs / f"debug_rank7_{HF}.log"
    named.write_text((next(logs.glob("**/debug_rank0*"))).read_text())
    entries = [{"record_id": 0, "process_group": ["0", HF], "collective_seq_id": 1}]
    dump = {
        "version": "2.10",
        "pg_config": {"0": {"desc": HF}},
        "pg_status": {},
        "entries": entries,
    }
    (logs / "nccl_trace_rank_0").write_bytes(pickle.dumps(dump))
    record = {
        "schema": 1,
        "command": ["python", "x.py", "--wandb-key", "ab12cd34ef"],
        "token": "0f9e8d7c6b",
    }
    (logs / "events.jsonl").write_text(json.dumps(record) + "\n")
    monkeypatch.setenv("MY_SERVICE_KEY", "blue-42-horse")
    with (logs / "console.log").open("a") as console:
        console.write("connected as blue-42-horse\n")
    call(logs, "--bundle", tmp_path / "b.tgz")
    with tarfile.open(tmp_path / "b.tgz") as archive:
        names = "\n".join(archive.getnames())
    every = (
        "\n".join(data.decode("latin-1") for data in content(tmp_path / "b.tgz").values()) + names
    )
    secrets = [secret for _, secret in SECRETS] + [HF, "blue-42-horse", "ab12cd34ef"]
    assert [secret for secret in secrets if secret in every] == []
    assert "nccl_trace_rank_0: it holds" in every
    assert "error.json" in names


def test_hostile_names_and_files_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(SAMPLE_LOGS / "finished", logs)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "debug_rank9_20260101_000000.log").write_text(
        "[DEBUG] [Rank 9] the house key\n[DEBUG] [Rank 9] Training step 1, loss=1.0\n"
    )
    (logs / "linked").symlink_to(outside)
    (logs / "a\nb;$(x)`y`\udcff.log").write_text("[DEBUG] [Rank 0] Training step 1, loss=1.0\n")
    os.mkfifo(logs / "pipe.log")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(logs)
        listener.bind("sock.log")
    with (logs / "sparse.log").open("wb") as sparse:
        sparse.write(b"[DEBUG] [Rank 0] Training step 1, loss=1.0\n")
        sparse.truncate(40 << 20)
    call(logs / ".." / "logs", "--logs-only", "--bundle", tmp_path / "b.tgz")
    with tarfile.open(tmp_path / "b.tgz") as archive:
        members = archive.getmembers()
    for member in members:
        assert member.isreg()
        assert not member.name.startswith("/")
        assert ".." not in Path(member.name).parts
    names = [member.name for member in members]
    assert len(set(names)) == len(names)
    assert not [name for name in names if "pipe" in name or "sock.log" in name]
    assert b"the house key" not in b"".join(content(tmp_path / "b.tgz").values())


def test_a_name_that_is_taken_gets_another() -> None:
    names: set[str] = set()
    assert [bundles._unlike("files/x", names) for _ in range(3)] == [
        "files/x",
        "files/x.2",
        "files/x.3",
    ]
    assert bundles._inside("../../etc/x") == "etc/x"
    assert bundles._inside("..") == "unnamed"


def test_a_line_that_is_cut_in_two_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text(f"one\ntoken {HF}\n" * 100)
    data = bundles._read(path, 20, 30) or b""
    assert HF[3:13].encode() not in data
    assert b"bytes are left out here" in data


def test_a_file_that_grows_while_it_is_packed_is_as_long_as_was_said(tmp_path: Path) -> None:
    """Its size in the archive is that of what was read, not of what the disk says."""
    path = tmp_path / "x.log"
    path.write_text("x\n" * 10)
    before = bundles._read(path, 100, 100)
    with path.open("a") as grown:
        grown.write("y\n" * 1000)
    assert before == b"x\n" * 10
    assert len(bundles._read(path, 100, 100) or b"") < 300
