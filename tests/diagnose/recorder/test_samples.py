"""The real dumps of the shared samples: every faulty rank is found, and nobody else."""

import re
from pathlib import Path

import pytest

from trainwatch.diagnose.recorder import (
    Confidence,
    Kind,
    Outcome,
    RecorderEvidence,
    analyse_dumps,
    rank_of_name,
)

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the real dumps are in ../shared, which is not here"
)

CASES = {
    "a_loader_sleep": (Outcome.FAULT, (1,), Kind.MISSING, Confidence.CERTAIN),
    "b2_skip_last": (Outcome.FAULT, (1,), Kind.MISMATCH_OP, Confidence.CERTAIN),
    "c_ckpt_rank0": (Outcome.FAULT, (0,), Kind.MISSING, Confidence.CERTAIN),
    "d_uneven": (Outcome.FAULT, (1,), Kind.UNEVEN, Confidence.LIKELY),
    "e2_loader_child_sleep": (Outcome.FAULT, (1,), Kind.MISSING, Confidence.CERTAIN),
    "f_straggler": (Outcome.LATE, (1,), Kind.LATE, Confidence.LIKELY),
}


def dumps(
    folder: Path, pattern: str = r"(_dump_|nccl_trace_rank_)\d+(\.json)?"
) -> dict[str, bytes]:
    files = [file for file in sorted(folder.iterdir()) if re.fullmatch(pattern, file.name)]
    return {file.name: file.read_bytes() for file in files}


def analysed(case: str, pattern: str = r"nccl_trace_rank_\d+(\.json)?") -> RecorderEvidence:
    return analyse_dumps(dumps(SAMPLES / "hangs" / case, pattern))


@pytest.mark.parametrize("name", ["gpu_error_1st", "lock_gil_1st"])
def test_the_public_nccl_sets(name: str) -> None:
    folder = SAMPLES / "flight_recorder" / name
    log = (folder / "fault_injection.log").read_text()
    faulty = tuple(int(rank) for rank in re.findall(r"^Rank (\d+)", log, re.MULTILINE))
    evidence = analyse_dumps(dumps(folder))
    assert evidence.outcome is Outcome.FAULT
    assert evidence.accused == faulty
    assert evidence.suspects == ()
    assert len(evidence.victims) == 16 - len(faulty)
    assert not evidence.unreadable
    assert all(finding.confidence is Confidence.LIKELY for finding in evidence.findings)


@pytest.mark.parametrize("pattern", [r"nccl_trace_rank_\d+", r"nccl_trace_rank_\d+\.json"])
@pytest.mark.parametrize("case", CASES)
def test_the_hangs(case: str, pattern: str) -> None:
    outcome, ranks, kind, confidence = CASES[case]
    evidence = analysed(case, pattern)
    first = evidence.findings[0]
    assert (evidence.outcome, evidence.accused) == (outcome, ranks)
    assert (first.kind, first.ranks, first.confidence) == (kind, ranks, confidence)
    assert set(evidence.victims) == {0, 1, 2} - set(ranks)
    assert not evidence.suspects


@pytest.mark.parametrize("case", CASES)
def test_both_forms_of_a_rank_count_once(case: str) -> None:
    evidence = analysed(case)
    assert evidence.accused == CASES[case][1]
    assert len(evidence.files) == 6
    assert [file.rank for file in evidence.files if file.used] == [0, 1, 2]


def test_both_sides_are_told_with_their_lines() -> None:
    finding = analysed("d_uneven").findings[0]
    places = {stand.rank: stand.source and stand.source.place for stand in finding.stands}
    assert places == {0: "train_ddp.py:47", 1: "train_ddp.py:52", 2: "train_ddp.py:47"}
    assert finding.category == "uneven_inputs"


def test_a_killed_loader_worker_is_not_seen_by_the_recorder() -> None:
    evidence = analysed("e_worker_kill")
    assert evidence.outcome is Outcome.QUIET
    assert not evidence.findings


def test_the_straggler_is_as_late_as_was_measured() -> None:
    evidence = analysed("f_straggler")
    mean = {late.rank: late.mean for late in evidence.lateness}
    assert mean[1] == pytest.approx(0.050, abs=0.003)
    assert mean[0] < 0.001
    assert mean[2] < 0.001


def test_a_lost_dump_of_a_public_set_accuses_no_innocent() -> None:
    folder = SAMPLES / "flight_recorder" / "lock_gil_1st"
    every = dumps(folder)
    for lost in every:
        rest = {name: data for name, data in every.items() if name != lost}
        evidence = analyse_dumps(rest)
        assert set(evidence.accused) <= {9, 14}, lost
        assert evidence.absent == (rank_of_name(lost),)
