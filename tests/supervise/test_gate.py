"""The health gate: as a function of snapshots, and as a companion of real runs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from supervision import Trainwatch, until

from trainwatch.cli.gate import stepped
from trainwatch.events import NOBODY, Finding, LineTally, RunInfo, Severity
from trainwatch.health.gate import Gate, Outcome
from trainwatch.model.snapshot import RankView, RunView
from trainwatch.supervise.record import read_record

TRAINING = """
import sys, time
for step in range(4000):
    loss = "nan" if step > 5 and sys.argv[1] == "nan" else f"0.{step + 1}"
    if sys.argv[1] != "silent":
        print(f"[DEBUG] [Rank 0] Training step {step}, loss={loss}", flush=True)
    time.sleep(0.1)
"""


def view(now: float, step: int | None = None, *alerts: Finding, written: int = 0) -> RunView:
    ranks = () if step is None else (RankView(NOBODY, step=step, records=step + 1),)
    return RunView(now, RunInfo("x"), ranks=ranks, alerts=alerts, tally=LineTally(1, written, 0))


def outcomes(*views: RunView) -> list[Outcome]:
    gate = Gate(seconds=10.0, began=0.0)
    return [gate.look(one).outcome for one in views]


P, OK, BAD = Outcome.PENDING, Outcome.PASSED, Outcome.FAILED
STALL = Finding("stall", Severity.CRITICAL, NOBODY, "silent", ())


def test_health_is_counted_from_the_first_progress() -> None:
    looks = (view(1), view(5, 0), view(11, 6), view(14, 9), view(15, 10))
    assert outcomes(*looks) == [P, P, P, P, OK]


def test_one_record_and_then_nothing_is_no_health() -> None:
    looks = (view(1), view(5, 0), view(16, 0), view(30, 0), view(40, 1))
    assert outcomes(*looks) == [P, P, P, P, OK]


@pytest.mark.parametrize(("silent", "outcome"), [(4.0, OK), (7.0, P), (99.0, P)])
def test_a_gate_that_begins_late_goes_by_when_the_newest_line_came(
    silent: float, outcome: Outcome
) -> None:
    """It was not there to see the training move, which then prints nothing for long."""
    late = replace(view(11), ranks=(RankView(NOBODY, step=40, records=41, silent_seconds=silent),))
    assert outcomes(late) == [outcome]


def test_silence_ends_it_only_when_it_is_a_stall_and_as_long_as_the_gate() -> None:
    assert outcomes(view(5, 0), view(9, 0, STALL), view(15, 0, STALL)) == [P, P, BAD]


def test_nothing_at_all_ends_it_and_unknown_words_postpone_that() -> None:
    assert outcomes(view(1), view(9), view(10)) == [P, P, BAD]
    assert outcomes(view(1), view(9, written=7), view(18, written=7), view(19, written=7)) == [
        *(P, P, P, BAD)
    ]


def test_a_training_that_prints_nothing_and_was_seen_to_move_is_not_ended() -> None:
    gate = Gate(seconds=10.0, began=0.0)
    assert gate.look(view(10)).silent
    said = gate.seen_moving(view(10))
    assert (said.outcome, said.silent) == (OK, False)
    assert "collectives" in (said.reason or "")


def test_a_stall_in_which_it_was_seen_to_move_is_none() -> None:
    gate = Gate(seconds=10.0, began=0.0)
    gate.look(view(5, 0))
    assert gate.look(view(16, 0, STALL)).silent
    assert gate.seen_moving(view(16, 0, STALL)).outcome is P
    assert [gate.look(view(at, 0, STALL)).outcome for at in (20, 27)] == [P, BAD]


@pytest.mark.parametrize(("later", "moves"), [(8, True), (7, False)])
def test_what_the_stacks_say_of_motion(tmp_path: Path, later: int, moves: bool) -> None:
    def sample(number: int) -> dict[str, object]:
        recorder = {"entries": [{"record_id": number}]}
        return {"time": 1.0, "processes": [{"pid": 4, "owner": 4, "rank": 0, "recorder": recorder}]}

    path = tmp_path / "stacks.json"
    document = {"schema": 1, "what": "trainwatch stacks", "samples": [sample(7), sample(later)]}
    path.write_text(json.dumps(document))
    assert stepped(path) is moves
    assert not stepped(None)
    assert not stepped(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("finding", "outcome"),
    [
        (Finding("loss_nan", Severity.CRITICAL, NOBODY, "m", ()), BAD),
        (Finding("loss_nan", Severity.CRITICAL, NOBODY, "m", (), active=False), P),
        (Finding("loss_stagnation", Severity.WARNING, NOBODY, "m", ()), BAD),
        (Finding("shard_error", Severity.WARNING, NOBODY, "m", ()), P),
    ],
)
def test_what_ends_it_at_once(finding: Finding, outcome: Outcome) -> None:
    assert outcomes(view(1, 1, finding)) == [outcome]


def test_who_reports_his_own_death_may_die_by_himself() -> None:
    dead = Finding("exception", Severity.CRITICAL, NOBODY, "m", ())
    assert outcomes(view(1, 1, dead), view(10, 1, dead), view(12, 1, dead)) == [P, P, BAD]
    assert outcomes(view(1, 1, dead), view(9, 2), view(12, 3, dead)) == [P, P, P]


DYING_TRAINING = """
import sys, time
for step in range(9):
    print(f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step + 1}", flush=True)
print("Traceback (most recent call last):\\n  File \\"t.py\\", line 1, in <module>", flush=True)
print("RuntimeError: node failure", flush=True)
time.sleep(4)
sys.exit(7)
"""


def test_a_death_in_the_first_minutes_has_its_own_code(tw: Trainwatch) -> None:
    """As torchrun's: the traceback is there some seconds before the launcher has ended."""
    done = tw.call(
        *("run", "--exp-id", "x", "--health-time", "60", "--no-report"),
        *("--", sys.executable, "-c", DYING_TRAINING),
    )
    assert done.returncode == 7


@pytest.mark.parametrize(
    ("how", "seconds", "word"), [("nan", "60", "NaN"), ("silent", "2", "no progress at all")]
)
def test_a_sick_training_is_ended_with_64(
    tw: Trainwatch, how: str, seconds: str, word: str
) -> None:
    done = tw.call(
        *("run", "--exp-id", "x", "--health-time", seconds, "--max-attempts", "3"),
        *("--", sys.executable, "-c", TRAINING, how),
    )
    assert done.returncode == 64
    assert done.stderr.decode().count(word) == 1
    record = read_record(tw.run_dir("x"))
    assert (record.exit_code, len(record.attempts), record.stopped) == (64, 1, False)
    assert word in (tw.run_dir("x") / "signals" / "x.failed").read_text()


def test_a_sound_training_gets_its_sign_and_goes_on(tw: Trainwatch) -> None:
    root = tw.detach(
        *("--exp-id", "x", "--health-time", "1.5", "--", sys.executable, "-c", TRAINING, "sound")
    )
    sign = root / "signals" / "x.healthy"
    until(sign.exists, "the sign")
    assert [line.split(":")[0] for line in sign.read_text().splitlines()] == [
        *("status", "step", "loss", "timestamp")
    ]
    document = json.loads((root / "signals" / "x.healthy.json").read_text())
    assert document["status"] == "healthy"
    assert document["step"] > 5
    assert read_record(root).ended is None
    assert tw.call("stop", "x").returncode == 0
