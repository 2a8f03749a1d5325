"""Short logs of trainings that are not the project's own, as torch 2.13 with gloo wrote them."""

import pytest

from tests.diagnose.cases import diagnosed
from tests.diagnose.test_stuck import LAST, MAIN, document, process
from trainwatch.diagnose import Diagnosis, Gathering, Role, diagnose
from trainwatch.diagnose.launcher import ranks_of_one_node
from trainwatch.diagnose.live.read import read_document
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RankId, RunInfo
from trainwatch.model.moments import Viewpoint

GLOO = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:1165."
STEPS = "".join(f"iter {10 * at}: loss {1.4 - at / 50:.4f}, time 33.17ms\n" for at in range(6))
FAILED = """\
E1125 14:48:05.996000 8818 torch/distributed/elastic/multiprocessing/api.py:1002] failed (exitcode: 1) local_rank: 0 (pid: 8852) of binary: /usr/bin/python
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
nano.py FAILED
------------------------------------------------------------
Failures:
  <NO_OTHER_FAILURES>
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2026-11-25_14:48:05
  host      : localhost
  rank      : 0 (local_rank: 0)
  exitcode  : 1 (pid: 8852)
  error_file: <N/A>
  traceback : To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html
============================================================
"""
CLOSING = "W1125 14:48:05.879000 8818 torch/distributed/elastic/multiprocessing/api.py:1028] Sending process 8853 closing signal SIGTERM\n"
TORCHRUN = ("torchrun", "--nproc-per-node", "2", "nano.py")


def lost(closing: str = "", command: tuple[str, ...] | None = TORCHRUN) -> Diagnosis:
    raised = (
        '[rank0]: Traceback (most recent call last):\n[rank0]:   File "/w/nano.py", line 34, in <module>\n'
        f"[rank0]:     loss.backward()\n[rank0]: RuntimeError: {GLOO}\n"
    )
    info = RunInfo("x", command=command, exit_code=1, alive=False)
    return diagnosed({"console.log": (STEPS + raised + closing + FAILED).encode()}, info=info)


def roles(found: Diagnosis) -> dict[int | None, Role]:
    return {rank.who.rank: rank.role for rank in found.ranks}


def test_a_rank_that_left_its_loop_early_is_suspected_though_it_ended_well() -> None:
    found = lost()
    assert roles(found) == {0: Role.VICTIM, 1: Role.SUSPECT}
    assert "rank 1 had ended without an error" in found.summary.lower()
    assert found.confidence.value == "possible"


def test_a_rank_that_the_launcher_had_to_end_had_not_left() -> None:
    assert "without an error" not in lost(CLOSING).summary


def test_without_its_command_nobody_is_named() -> None:
    found = lost(command=None)
    assert roles(found) == {0: Role.VICTIM}
    assert "another node" in found.summary


@pytest.mark.parametrize(
    ("command", "ranks"),
    [
        ("torchrun --standalone --nproc-per-node=4 t.py", 4),
        ("python -m torch.distributed.run --nproc_per_node 2 --nnodes 1 t.py", 2),
        ("accelerate launch --num_processes 2 --num_machines 1 t.py", 2),
        ("torchrun --nnodes 2 --nproc-per-node 8 t.py", None),
        ("torchrun --nnodes=1:4 --nproc-per-node 8 t.py", None),
        ("torchrun --nproc-per-node auto t.py", None),
        ("bash train.sh", None),
    ],
)
def test_ranks_of_a_command(command: str, ranks: int | None) -> None:
    assert ranks_of_one_node(command.split()) == ranks


def test_local_ranks_are_global_ones_where_one_pair_is_known() -> None:
    logs = {
        f"logs/none_x8/attempt_0/{rank}/stderr.log": "".join(
            f"2026-11-25 14:53:2{at},537 INFO train: epoch 0 batch {10 * at}/128 loss 1.{at}0\n"
            for at in range(4 + rank)
        ).encode()
        for rank in range(2)
    }
    assert {rank.who for rank in diagnosed(logs).ranks} == {RankId(None, 0), RankId(None, 1)}
    raised = b'[rank1]: Traceback (most recent call last):\n[rank1]:   File "/w/t.py", line 3, in f\n[rank1]: ValueError: no\n'
    logs["logs/none_x8/attempt_0/1/stderr.log"] += raised
    found = diagnosed(logs)
    assert {rank.who.rank: rank.step for rank in found.ranks} == {0: 30, 1: 40}
    assert roles(found)[1] is Role.GUILTY


def test_a_traceback_whose_beginning_is_glued_to_a_progress_bar() -> None:
    bar = "\r100%|██████████| 4/4 [00:00<00:00, 163.53it/s]\x1b[A\n\r                     \x1b[A"
    text = (
        f"{bar}[rank1]: Traceback (most recent call last):\n"
        '[rank1]:   File "/w/hf.py", line 19, in <module>\n[rank1]:     tr.train()\n'
        '[rank1]:   File "/w/toy.py", line 90, in eval_hook\n[rank1]:     raise ValueError("n/a")\n'
        "[rank1]: ValueError: could not convert string to float: 'n/a'\n"
    )
    found = diagnosed({"console.log": text.encode()})
    assert "in eval_hook (toy.py:90)" in found.summary
    assert roles(found)[1] is Role.GUILTY


def test_whose_collective_was_wrong_an_abort_does_not_show() -> None:
    text = (
        "terminate called after throwing an instance of 'gloo::EnforceNotMet'\n"
        "  what():  [enforce fail at /pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:456] "
        "op.preamble.length <= op.nbytes. 688 vs 4. Received data size doesn't match expected size.\n"
    )
    found = diagnosed({"rank0.log": STEPS.encode(), "rank1.log": (STEPS + text).encode()})
    assert found.category is not None
    assert found.category.value == "collective_mismatch"
    assert set(roles(found).values()) == {Role.UNKNOWN}


def test_options_that_the_script_does_not_take_are_nobodys_fault() -> None:
    text = "usage: nano.py [-h]\nnano.py: error: argument --max_iters: invalid int value: 'abc'\n"
    failed = FAILED.replace("exitcode  : 1", "exitcode  : 2")
    found = diagnosed({"console.log": (text + CLOSING + failed).encode()})
    assert found.verdict.value == "failed"
    assert "started with options" in found.summary
    assert Role.GUILTY not in roles(found).values()


def rank_logs(ended: str = "") -> dict[str, bytes]:
    steps = [
        f"2026-11-25 14:53:2{at},537 INFO train: epoch 0 batch {10 * at}/128 loss 1.{at}0"
        for at in range(5)
    ]
    raised = f'[rank0]: Traceback (most recent call last):\n[rank0]:   File "/w/t.py", line 3, in f\n[rank0]: RuntimeError: {GLOO}\n'
    head = "\n".join(steps) + "\n" + ended
    return {"rank0.log": (head + raised).encode(), "rank1.log": head.encode()}


def test_a_script_that_ends_well_does_not_clear_its_children() -> None:
    """`python … & python … & wait`, and `torchrun … | tee train.log`."""
    killed = b"./hand.sh: line 5:  8629 Killed                  RANK=1 LOCAL_RANK=1 python -u t.py > rank1.log 2>&1\n"
    info = RunInfo("x", exit_code=0, alive=False)
    found = diagnosed({**rank_logs(), "console.log": killed}, info=info)
    assert found.verdict.value == "failed"
    assert (roles(found)[0], roles(found)[1]) == (Role.VICTIM, Role.GUILTY)
    tee = diagnosed({"console.log": (STEPS + FAILED).encode()}, info=info)
    assert tee.verdict.value == "failed"


def test_what_ended_well_by_its_own_word_is_finished() -> None:
    info = RunInfo("x", exit_code=0, alive=False)
    over = "2026-11-25 14:53:29,000 INFO Training complete\n"
    assert diagnosed(rank_logs(over), info=info).verdict.value == "finished"


def test_a_killed_child_of_torch_multiprocessing_is_named() -> None:
    text = "torch.multiprocessing.spawn.ProcessExitedException: process 1 terminated with signal SIGKILL\n"
    found = diagnosed({"console.log": (STEPS + text).encode()})
    assert [(r.who, r.role) for r in found.ranks] == [(RankId(None, 1), Role.GUILTY)]


def test_what_trainwatch_ended_is_told_with_its_reason() -> None:
    why = "no progress at all: nothing was written for 300 s"
    info = RunInfo("x", exit_code=64, alive=False, reason=why)
    found = diagnosed({"console.log": b"GPU available: False, used: False\n"}, info=info)
    assert found.verdict.value == "failed"
    assert why in found.summary


def test_of_several_statements_in_one_line_none_tells_the_phase() -> None:
    text = (
        '[rank1]: Traceback (most recent call last):\n[rank1]:   File "/w/t.py", line 9, in <module>\n'
        "[rank1]:     loss.backward(); opt.step(); log(step)\n"
        '[rank1]:   File "/w/t.py", line 3, in log\n[rank1]:     assert step\n[rank1]: AssertionError: no\n'
    )
    assert diagnosed({"console.log": text.encode()}).phase is None


def test_how_far_it_came_is_told_by_a_console_that_names_no_rank() -> None:
    raised = '[rank1]: Traceback (most recent call last):\n[rank1]:   File "/w/t.py", line 3, in f\n[rank1]: ValueError: no\n'
    found = diagnosed({"console.log": (STEPS + raised).encode()})
    assert (
        found.summary == "Rank 1 raised ValueError in f (t.py:3); the training had come to step 50"
    )


def test_a_hang_of_a_console_that_names_no_rank_has_its_step() -> None:
    found = diagnosed({"console.log": STEPS.encode()}, stated=True)
    assert found.verdict.value == "hang"
    assert "in training, step 50" in found.summary


def test_where_no_line_names_its_rank_no_rank_is_said_to_have_left_no_log() -> None:
    """Rank 0 alone prints, as nobody in particular; the processes have their ranks."""
    gathering = Gathering()
    live = read_document("", document(*(process(rank, MAIN, cpu=4.0) for rank in range(2))))
    assert live is not None
    gathering.take_live(live)
    engine = Engine(RunInfo("x", alive=True), listener=gathering.take)
    engine.feed(Chunk(LogFile("console.log"), 0, STEPS.encode(), LAST))
    engine.feed(FileEnded(LogFile("console.log"), "read to its end"))
    found = diagnose(engine.run, engine.info, Viewpoint(LAST + 1.0), engine.config, gathering)
    assert [rank.why for rank in found.ranks] == ["no line is marked as its own"] * 2
