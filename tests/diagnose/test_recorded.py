"""Flight-recorder dumps in the verdict: found by content, joined with what the logs say."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.diagnose.cases import SAMPLES
from tests.diagnose.test_command import call, document
from trainwatch.cli.evidence import is_dump

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the real dumps are in ../shared, which is not here"
)

HANGS = {
    "a_loader_sleep": ("hang", None, [1]),
    "b2_skip_last": ("hang", "collective_mismatch", [1]),
    "c_ckpt_rank0": ("hang", "checkpoint_stall", [0]),
    "d_uneven": ("hang", "uneven_inputs", [1]),
    "e2_loader_child_sleep": ("hang", None, [1]),
    "e_worker_kill": ("failed", "dataloader_worker_killed", [1]),
    "f_straggler": ("straggler", "straggler", [1]),
}


def guilty(found: dict[str, object]) -> list[int]:
    ranks = found["ranks"]
    assert isinstance(ranks, list)
    return [rank["rank"] for rank in ranks if rank["role"] == "guilty"]


@needs_samples
@pytest.mark.parametrize("name", ["gpu_error_1st", "lock_gil_1st"])
def test_all_faulty_ranks_of_the_public_sets(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = SAMPLES / "flight_recorder" / name
    log = (folder / "fault_injection.log").read_text()
    found = document(capsys, folder)
    assert guilty(found) == [int(rank) for rank in re.findall(r"^Rank (\d+)", log, re.MULTILINE)]
    assert (found["verdict"], found["category"]) == ("hang", "collective_timeout")


@needs_samples
@pytest.mark.parametrize("name", HANGS)
def test_hangs_with_dumps(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = document(capsys, SAMPLES / "hangs" / name)
    assert (found["verdict"], found["category"], guilty(found)) == HANGS[name]


@needs_samples
def test_a_dump_of_a_training_that_went_on_is_no_hang(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SAMPLES / "hangs" / "a_loader_sleep", tmp_path / "a")
    for path in (tmp_path / "a").glob("debug_rank*.log"):
        path.chmod(0o600)
        rank = path.name[10]
        with path.open("a") as log:
            log.write(f"2026-11-21 20:57:40,100 [DEBUG] [Rank {rank}] Training step 5, loss=1.1\n")
    assert document(capsys, tmp_path / "a")["verdict"] == "undecided"


@needs_samples
def test_a_rank_without_a_dump_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (SAMPLES / "hangs" / "a_loader_sleep").glob("nccl_trace_rank_[02]"):
        shutil.copy(path, tmp_path)
    (tmp_path / "nccl_trace_rank_1").write_bytes(b"")
    found = document(capsys, tmp_path)
    missing = found["missing"]
    assert isinstance(missing, list)
    assert any("nccl_trace_rank_1: it is empty" in text for text in missing)


def test_a_malicious_pickle_does_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "ran"
    evil = f"cos\nsystem\n(S'touch {target}'\ntR.".encode()
    (tmp_path / "nccl_trace_rank_0").write_bytes(b"\x80\x02" + evil + b"pg_config pg_status")
    call(tmp_path)
    assert not target.exists()
    capsys.readouterr()


@pytest.mark.parametrize(
    ("name", "head", "is_one"),
    [
        ("nccl_trace_rank_3", b"", True),
        ("debug_rank0_2026.log", b"", False),
        ("odd.bin", b"\x80\x02}(X\x07 version pg_config pg_status", True),
        ("model.pkl", b"\x80\x02}(X\x07 state_dict", False),
        ("metrics.json", json.dumps({"entries": [1]}).encode(), False),
    ],
)
def test_dumps_are_known_by_content(name: str, head: bytes, is_one: bool) -> None:
    assert is_dump(name, head) is is_one
