"""`--bundle`: everything that is needed, and no secret."""

import shutil
import stat
import tarfile
from pathlib import Path

import pytest

from tests.diagnose.cases import SAMPLE_LOGS
from tests.diagnose.test_command import call
from trainwatch.cli import bundle as bundles
from trainwatch.report.secrets import REMOVED, safe_environment, without_secrets

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


@pytest.mark.parametrize(
    "text",
    [
        f"token {HF}",
        "Authorization: Bearer abcdefghijklmnop",
        "AKIAABCDEFGHIJKLMNOP",
        "python train.py --api-key=s3cr3tvalue --lr 0.1",
        "python train.py --api-key s3cr3tvalue",
        "password: 'hunter2hunter2'",
        "s3://x?X-Amz-Signature=abcdef0123&y=1",
        "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
    ],
)
def test_secrets_by_shape(text: str) -> None:
    assert REMOVED in without_secrets(text)


@pytest.mark.parametrize(
    "text",
    [
        "iteration 10 | tokens per second 120345.2 | loss 1.2",
        "max_new_tokens: 2048, pad_token: 0",
        "step 3 token_count=123456 keys loaded",
        "loading key frames; monkey patch applied",
        "Training step 3, loss=0.497",
        "key: value_projection.weight is missing",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    assert without_secrets(text) == text


def test_names_of_secrets() -> None:
    environ = {"AWS_SECRET_ACCESS_KEY": "x", "HF_TOKEN": "y", "PWD": "/w", "PATH": "/bin:/usr/bin"}
    assert safe_environment(environ) == {
        "AWS_SECRET_ACCESS_KEY": REMOVED,
        "HF_TOKEN": REMOVED,
        "PATH": "/bin:/usr/bin",
        "PWD": "/w",
    }
