"""Lines of several ranks in one file, told apart by what a launcher puts before them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.diagnose.scenarios import DAY, traceback
from trainwatch.engine import Engine
from trainwatch.events import (
    Chunk,
    Fault,
    FileEnded,
    LogFile,
    Parsed,
    RankId,
    RunInfo,
    StepBlock,
)
from trainwatch.parsing.labels import Labels

SRUN = "slurm-77.out"


def step(at: int) -> str:
    return f"{DAY} 10:00:{at:02d},000 [DEBUG] Training step {at}, loss=0.5\n"


def parsed(text: str, name: str = SRUN, cuts: tuple[int, ...] = ()) -> list[Parsed]:
    """What the parts of a text give."""
    found: list[Parsed] = []
    engine = Engine(RunInfo("logs"), listener=found.append)
    data = text.encode()
    edges = [0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]
    for start, end in itertools.pairwise(edges):
        engine.feed(Chunk(LogFile(name), start, data[start:end], 1.0))
    engine.feed(FileEnded(LogFile(name), "read to its end"))
    return found


def rows(found: list[Parsed]) -> list[tuple[int, int, int, int]]:
    """(rank, step, line, offset) of every step record, in file order."""
    blocks = [item for one in found for item in one.items if isinstance(item, StepBlock)]
    return sorted(
        (int(b.rank[at]), int(b.step[at]), int(b.line[at]), int(b.offset[at]))
        for b in blocks
        for at in range(len(b.line))
    )


def labelled(*labels: str) -> str:
    return "".join(f"{label}{step(at)}" for at in range(6) for label in labels)


@pytest.mark.parametrize(
    "labels",
    [
        ("0: ", "1: ", "2: "),
        (" 7: ", "11: "),
        ("[1,0]<stdout>:", "[1,3]<stderr>:"),
        ("[1,4]<stdout>: ",),
    ],
    ids=str,
)
def test_each_label_is_a_rank(labels: tuple[str, ...]) -> None:
    found = rows(parsed(labelled(*labels)))
    numbers = sorted(int("".join(filter(str.isdigit, one.split(",")[-1]))) for one in labels)
    assert len(found) == 6 * len(labels)
    assert sorted({rank for rank, *_ in found}) == numbers


def test_records_say_where_they_stand() -> None:
    text = labelled("0: ", "10: ")
    for _, at, line, offset in rows(parsed(text)):
        assert f"step {at}," in text.split("\n")[line - 1]
        assert text.encode()[offset:].startswith(DAY.encode())


@given(st.lists(st.integers(0, 900), max_size=6))
def test_any_chunking_gives_the_same(cuts: list[int]) -> None:
    text = labelled("0: ", "1: ", "2: ")
    assert rows(parsed(text, cuts=tuple(cuts))) == rows(parsed(text))


def test_tracebacks_behind_labels_are_taken_apart() -> None:
    one, two = traceback(None, "ValueError: of one"), traceback(None, "KeyError: 'of two'")
    lines = zip(one.splitlines(), two.splitlines(), strict=True)
    text = "".join(f"1: {a}\n2: {b}\n" for a, b in lines)
    faults = [item for one in parsed(text) for item in one.items if isinstance(item, Fault)]
    assert {(fault.who, fault.exception) for fault in faults} == {
        (RankId(1), "ValueError"),
        (RankId(2), "KeyError"),
    }


def test_hosts_have_no_rank_of_their_own() -> None:
    text = "".join(f"gpu-{n}: [rank{4 * n + 1}]: {line}\n" for line in traceback(None, "ValueError: x").splitlines() for n in (0, 1))  # fmt: skip
    faults = [item for one in parsed(text) for item in one.items if isinstance(item, Fault)]
    assert sorted(fault.who.rank or 0 for fault in faults) == [1, 5]


def test_tasks_that_start_ranks_are_nodes() -> None:
    text = f"0: {step(0)}1: [rank9]: Traceback (most recent call last):\n1: [rank9]: ValueError: x\n1: {step(1)}"
    faults = [item for one in parsed(text) for item in one.items if isinstance(item, Fault)]
    assert [fault.who.rank for fault in faults] == [9]
    assert (1, 1) not in {(rank, at) for rank, at, *_ in rows(parsed(text))}


@pytest.mark.parametrize(
    "lines",
    [
        [f"{at}: loss 0.5" for at in range(40)],
        [f"{at}: loss 0.5" for _ in range(5) for at in range(1, 9)],
        [f"{100 * at}: 0.25 0.125" for at in range(40)],
        ["INFO: begins", "WARNING: ends"],
        [f"wandb: {word}" for word in ("Tracking run", "Syncing", "done")],
    ],
    ids=["iterations", "iterations of epochs", "hundreds", "levels", "a tool"],
)
def test_numbers_and_words_of_its_own_are_no_labels(lines: list[str]) -> None:
    labels = Labels()
    assert [labels.find(line.encode()) for line in lines] == [None] * len(lines)


def test_numbers_that_come_back_are_ranks() -> None:
    labels = Labels()
    lines = [f"{rank}: epoch {at} done" for at in range(4) for rank in (0, 0, 2, 1)]
    found = [labels.find(line.encode()) for line in lines]
    assert found[-1] is not None
    assert found[-1].rank == 1


@pytest.mark.parametrize(
    ("statement", "name", "rank"),
    [
        ("SLURM_PROCID=3", "slurm-881_3.out", 3),
        ("OMPI_COMM_WORLD_RANK=3", "out.3", 3),
        ("world size 4, global rank: 3", "logs/0003.txt", 3),
        ("SLURM_PROCID=3 SLURM_LOCALID=1", "slurm-881.out", -1),
        ("LOCAL_RANK=3", "slurm-881_3.out", -1),
        ("RANK=0", "slurm-881_3.out", -1),
    ],
)
def test_a_rank_that_the_log_states_and_its_name_has(statement: str, name: str, rank: int) -> None:
    text = f"{statement}\n" + "".join(map(step, range(6)))
    assert {one for one, *_ in rows(parsed(text, name=name))} == {rank}


def test_a_name_with_a_nodes_own_number() -> None:
    text = f"{DAY} 10:00:00,000 [DEBUG] [Rank 5] init done world=8 pid=77\n"
    text += "".join(map(step, range(6)))
    assert {one for one, *_ in rows(parsed(text, name="node-1/rank_1.log"))} == {5}


def test_a_file_of_one_rank_has_no_labels() -> None:
    found = rows(parsed(labelled("3: "), name="debug_rank0_20261121_100000.log"))
    assert not found or {rank for rank, *_ in found} == {0}


def test_lines_without_a_label_are_read_as_before() -> None:
    text = "".join(map(step, range(6))) + labelled("0: ", "1: ")
    assert {rank for rank, *_ in rows(parsed(text))} == {-1, 0, 1}
