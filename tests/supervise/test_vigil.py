"""A real job hangs while nobody looks, dies, and is diagnosed from what the vigil wrote down."""

from __future__ import annotations

import json
import os
import signal
import sys

import pytest
from supervision import ROOT, Trainwatch, lives, until

from trainwatch.supervise.process import processes

SHORT = "[stall]\nfloor_seconds = 3.0\nfloor_unknown_seconds = 4.0\n"
JOB = (
    *("examples/train_ddp.py", "--epochs", "4", "--samples", "480", "--val_samples", "0"),
    *("--step_delay", "0.02", "--inject", "loader_sleep", "--inject_step", "25"),
)


@pytest.mark.torchrun
def test_a_hang_at_night_is_explained_in_the_morning(tw: Trainwatch) -> None:
    pytest.importorskip("torch", reason="needs torch")
    (tw.home / "trainwatch.toml").write_text(SHORT)
    tw.env |= {"OMP_NUM_THREADS": "1", "XDG_RUNTIME_DIR": "/tmp"}
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
    root = tw.detach(
        *("--exp-id", "x", "--probe", "--health-time", "600", "--", *torchrun, "3"),
        *(str(ROOT / JOB[0]), *JOB[1:], "--output_dir", str(tw.home / "out")),
    )
    until(lambda: any(e["event"] == "alert" for e in tw.events("x")), "the alert", 90)
    told = next(event for event in tw.events("x") if event["event"] == "alert")
    assert (told["active"], told["rule"]) == (True, "hang")
    assert (root / told["stacks"]).is_file()

    launcher = tw.record("x").launcher.pid
    for one in processes().values():
        if one.parent == launcher:
            os.kill(one.pid, signal.SIGKILL)
    until(lambda: tw.record("x").ended and not lives(launcher), "the end", 60)

    found = json.loads(tw.call("diagnose", root, "--json").stdout)
    (guilty,) = [rank for rank in found["ranks"] if rank["role"] == "guilty"]
    assert guilty["rank"] == 1
    assert (found["category"], found["phase"]) == ("dataloader_hang", "data_loading")
    assert found["verdict"] == "failed"
    proofs = [proof for proof in found["evidence"] if proof["file"].startswith("stacks/")]
    assert proofs[0]["text"].startswith("rank 1 in ")
    assert "ShardStream.__iter__ (ddp_data.py:" in proofs[0]["text"]
    assert "seen" in proofs[0]["why"]
    assert "torchrun" not in found["summary"]


SILENT = """
import itertools, os, time
from pathlib import Path
sign = Path(os.environ["TRAINWATCH_RUN_DIR"], "signals", "x.healthy")
for step in itertools.count():
    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)) + f",{int(now % 1 * 1000):03}"
    print(f"{stamp} [DEBUG] [Rank 0] Training step {step}, loss=0.5{step}", flush=True)
    if sign.exists():
        break
    time.sleep(0.1)
def wait_here():
    time.sleep(397)
wait_here()
"""


def test_the_vigil_begins_where_the_gate_has_passed(tw: Trainwatch) -> None:
    (tw.home / "trainwatch.toml").write_text(SHORT)
    tw.env |= {"RANK": "0", "XDG_RUNTIME_DIR": "/tmp"}
    command = ("--", sys.executable, "-c", SILENT)
    root = tw.detach("--exp-id", "x", "--probe", "--health-time", "1", *command)
    until(lambda: any(e["event"] == "alert" for e in tw.events("x")), "the alert", 60)
    happened = [event["event"] for event in tw.events("x")]
    assert happened.index("gate") < happened.index("alert")
    (written,) = (root / "stacks").iterdir()
    assert "wait_here" in written.read_text()
    tw.call("stop", "x")
    assert "companion" not in [event["event"] for event in tw.events("x")]
