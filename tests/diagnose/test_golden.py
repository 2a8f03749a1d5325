"""The verdict on every recorded case: the project's own, and the shared ones where they are."""

from pathlib import Path

import pytest

from tests.diagnose.cases import (
    HANGS,
    RECORDED,
    SAMPLE_LOGS,
    SAMPLES,
    TORCHRUN,
    Expected,
    diagnosed,
    failures,
    files_of,
    wrong,
)
from trainwatch.diagnose import Role, Verdict

needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"the shared samples are not at {SAMPLES}"
)
FAILURES = list(failures()) if SAMPLES.is_dir() else []
HEALTHY = [
    path
    for kind in ("dialects", "frameworks")
    for path in sorted((SAMPLES / kind).glob("*"))
    if path.suffix in (".log", ".txt", ".csv") and "trunc" not in path.name
]


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str) -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / name))
    assert not wrong(found, RECORDED[name]), found


@needs_samples
@pytest.mark.parametrize("name", HANGS)
def test_hang(name: str) -> None:
    found = diagnosed(files_of(SAMPLES / "hangs" / name))
    assert not wrong(found, HANGS[name]), found


@needs_samples
@pytest.mark.parametrize("name", HANGS)
def test_hang_as_of_a_stated_moment(name: str) -> None:
    """With --now silence is a finding: what was undecided hangs, and still nobody is accused."""
    found = diagnosed(files_of(SAMPLES / "hangs" / name), stated=True)
    expected = HANGS[name]
    if expected.verdicts == ("undecided",):
        expected = Expected(("hang",), (None,))
        assert found.missing
        assert all(rank.role is Role.UNKNOWN for rank in found.ranks)
    assert not wrong(found, expected), found


@needs_samples
@pytest.mark.parametrize("name", TORCHRUN)
def test_torchrun(name: str) -> None:
    found = diagnosed(files_of(SAMPLES / "torchrun" / name))
    assert not wrong(found, TORCHRUN[name]), found


@needs_samples
@pytest.mark.parametrize(("path", "expected"), FAILURES, ids=[path.stem for path, _ in FAILURES])
def test_public_excerpt(path: Path, expected: Expected) -> None:
    found = diagnosed(files_of(path))
    assert not wrong(found, expected), found


@needs_samples
@pytest.mark.parametrize("path", HEALTHY, ids=lambda path: path.name)
def test_healthy_logs_of_other_dialects_raise_no_alarm(path: Path) -> None:
    found = diagnosed(files_of(path))
    assert found.category is None, found
    assert found.verdict in (Verdict.UNDECIDED, Verdict.FINISHED)


@needs_samples
@pytest.mark.parametrize("name", ["54_hf_resume_trunc_model", "54_hf_resume_trunc_opt",
                                  "54_hf_resume_trunc_state"])  # fmt: skip
def test_a_damaged_checkpoint_is_recognised_by_what_its_reader_was_doing(name: str) -> None:
    found = diagnosed(files_of(SAMPLES / "frameworks" / f"{name}.txt"))
    assert (found.category, found.phase) == ("checkpoint_corrupt", "checkpoint_load")


def test_guilt_needs_more_than_a_position() -> None:
    for name in ("silent_rank", "stuck_checkpoint"):
        found = diagnosed(files_of(SAMPLE_LOGS / name))
        assert not any(rank.role is Role.GUILTY for rank in found.ranks)
        assert found.refute
        assert found.missing


def test_every_verdict_cites_its_proof() -> None:
    for name in RECORDED:
        found = diagnosed(files_of(SAMPLE_LOGS / name))
        assert found.evidence, name
        assert all(proof.evidence.line for proof in found.evidence)
