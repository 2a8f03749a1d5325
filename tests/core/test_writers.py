"""Who wrote a line, and what a file's name says of it."""

import pytest

from core.feeding import read_text
from trainwatch.events import RankId
from trainwatch.formats.filenames import FileKind, FileRole, describe

STEP = "Training step 1, loss=0.5"
CHINESE = "Epoch [1/2] - 进度 0.0% (0/9) - Batch Loss: 0.5 - LR: 0.1"


@pytest.mark.parametrize(
    ("name", "line", "who"),
    [
        ("console.log", f"[Rank 3] {STEP}", RankId(3)),
        ("debug_rank0_20231203_143025.log", f"[Rank 3] {STEP}", RankId(3)),
        ("console.log", f"[rank9]: [Rank 1] {STEP}", RankId(9)),
        ("console.log", f"[default1]:[Rank 3] {STEP}", RankId(3)),
        ("console.log", f"[default1]:[rank9]: {CHINESE}", RankId(9)),
        ("console.log", f"[default1]:{CHINESE}", RankId(None, 1)),
        ("debug_rank5_20231203_143025.log", CHINESE, RankId(5)),
        ("debug_rank5_20231203_143025.log", f"[default1]:{CHINESE}", RankId(5)),
        ("run/attempt_1/3/stdout.log", CHINESE, RankId(None, 3)),
        ("run/attempt_1/3/stdout.log", f"[Rank 11] {STEP}", RankId(11)),
        ("console.log", CHINESE, RankId()),
    ],
)
def test_the_line_goes_before_its_prefix_and_the_prefix_before_the_file(
    name: str, line: str, who: RankId
) -> None:
    (row,) = read_text(f"{line}\n", name).rows

    assert RankId(row.rank, row.local) == who


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (
            "logs/debug_rank0_20231203_143025.log",
            FileRole(
                "logs/debug_rank0_20231203_143025.log",
                FileKind.RANK_LOG,
                rank=0,
                started=20231203143025,
            ),
        ),
        (
            "logs/train_rank12_20231203_143025.log.3",
            FileRole(
                "logs/train_rank12_20231203_143025.log",
                FileKind.RANK_LOG,
                rank=12,
                started=20231203143025,
            ),
        ),
        (
            "logs/train_20231203_143025.log-20231204",
            FileRole("logs/train_20231203_143025.log", FileKind.MAIN_LOG, started=20231203143025),
        ),
        (
            "D/x_abcd/attempt_2/7/stderr.log",
            FileRole("D/x_abcd/attempt_2/7/stderr.log", FileKind.RANK_LOG, local_rank=7, attempt=2),
        ),
        ("console.log", FileRole("console.log", FileKind.CONSOLE)),
        ("slurm-4711.out", FileRole("slurm-4711.out", FileKind.CONSOLE)),
        ("job.o123456", FileRole("job.o123456", FileKind.CONSOLE)),
        ("nohup.out", FileRole("nohup.out", FileKind.CONSOLE)),
        ("train.log", FileRole("train.log", FileKind.MAIN_LOG)),
        (
            "metrics/batch_metrics_20231203_143025.csv",
            FileRole(
                "metrics/batch_metrics_20231203_143025.csv",
                FileKind.TABLE,
                started=20231203143025,
            ),
        ),
        ("metrics_rank3.csv", FileRole("metrics_rank3.csv", FileKind.TABLE, rank=3)),
        ("rank7/frank3.log", FileRole("rank7/frank3.log", FileKind.RANK_LOG, rank=7)),
        ("ranking.log", FileRole("ranking.log", FileKind.MAIN_LOG)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_path_says(name: str, role: FileRole) -> None:
    assert describe(name) == role


@pytest.mark.parametrize("suffix", ["", ".1", ".12", "-20231204", "-20231204-0300", "-2023120403"])
def test_the_parts_of_a_rotated_log_are_one_log(suffix: str) -> None:
    assert describe(f"logs/train.log{suffix}").base == "logs/train.log"
