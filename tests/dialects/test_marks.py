"""Whose line it is: the marks that people put in front of what all ranks print into one console."""

import pytest

from dialects.reading import read
from trainwatch.parsing.general.marks import marked_rank, says_end

MARKS = (
    "2026-11-25 14:43:1{at},100 INFO [rank{rank}]: {said}",
    "2026-11-25 14:43:1{at},100 INFO [rank={rank}] {said}",
    "2026-11-25 14:43:1{at},100 INFO rank {rank}: {said}",
    "2026-11-25 14:43:1{at},100 INFO (rank {rank}) {said}",
    "2026-11-25 14:43:1{at},100 [RANK {rank}] INFO {said}",
    "2026-11-25 14:43:1{at},100 - root - INFO - Rank {rank}/2: {said}",
    "11/25/2026 14:43:1{at} - INFO - __main__ - [RANK {rank}] {said}",
    "Rank {rank} | {said}",
    "Rank {rank} - 2026-11-25 14:43:1{at},100 {said}",
    "rank={rank} {said}",
)


@pytest.mark.parametrize("mark", MARKS)
def test_each_rank_has_its_own_records(mark: str) -> None:
    lines = [
        mark.format(at=at, rank=rank, said=f"epoch 0 step {20 * at}: loss = 1.{rank}{at}5")
        for at in range(1, 5)
        for rank in range(2)
    ]
    found = read("\n".join(lines) + "\n")
    assert [(row["rank"], row["step"]) for row in found.training] == [
        (rank, 20 * at) for at in range(1, 5) for rank in range(2)
    ]
    assert found.training[0]["loss"] == 1.015


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-25 14:43:12,100 INFO waiting for rank 3: it is late",
        "epoch 3 step 20 rank 4 loss 0.5",
        "lora_rank=8 alpha 16",
        "mean rank: 3.2, loss 0.5",
        "[Gloo] Rank 0 is connected to 1 peer ranks. Expected number of connected peer ranks is : 1",
        "rank 3",
        "",
    ],
)
def test_a_rank_that_a_line_is_about_did_not_write_it(line: str) -> None:
    assert marked_rank(line.encode()) is None


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-25 14:44:18,118 INFO train: training finished",
        "2026-11-25 14:44:18 - root - INFO - Training completed successfully!",
        "=== Training complete ===",
        "Training finished in 3h 12m",
        "[RANK 0] Training is done.",
        "The training has been completed",
        "Training completed, total time 0:03:12",
    ],
)
def test_a_line_that_says_the_training_is_complete(line: str) -> None:
    assert says_end(line.encode())


@pytest.mark.parametrize(
    "line",
    [
        "Training finished for epoch 3",
        "training complete: 45%",
        "Waiting until training is done on rank 3",
        "epoch 3 training done, loss 0.5",
        "Training not finished",
        "Training step finished",
        "Training epoch 1 finished",
        "pre-training finished",
    ],
)
def test_a_line_that_only_sounds_so(line: str) -> None:
    assert not says_end(line.encode())
