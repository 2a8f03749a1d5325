"""`trainwatch status`: the document of the contract, and the same in words."""

import io
import json
from typing import Any

import pytest
from core.feeding import (
    MTIME,
    new_reading,
    read_text,
    recorded,
    sample_cases,
)
from rich.console import Console

from trainwatch.events import RunInfo
from trainwatch.model.snapshot import RunView
from trainwatch.report.status import status_document
from trainwatch.report.summary import print_status

KEYS = {
    "": "schema run status health progress eta_seconds elapsed_seconds epoch total_epochs step "
    "total_steps metrics ranks alerts unparsed_lines lines bytes",
    "run": "id path command attempt host started",
    "metrics": "last mean min max count",
    "ranks": "rank state phase epoch step silent_seconds pid host last",
    "last": "file line text",
    "alerts": "rule severity rank step message evidence",
    "evidence": "file line text",
}
WORDS = {
    "status": {"starting", "running", "stalled", "completed", "failed", "unknown"},
    "health": {"ok", "warning", "critical"},
    "state": {"active", "slow", "stalled", "finished", "dead", "unknown"},
    "severity": {"info", "warning", "critical"},
}


def assert_keys(name: str, found: dict[str, Any]) -> None:
    assert list(found) == KEYS[name].split()


def assert_is_of_the_contract(document: dict[str, Any]) -> None:
    assert_keys("", document)
    assert_keys("run", document["run"])
    assert document["schema"] == 1
    assert document["status"] in WORDS["status"]
    assert document["health"] in WORDS["health"]
    for metric in document["metrics"].values():
        assert_keys("metrics", metric)
    for rank in document["ranks"]:
        assert_keys("ranks", rank)
        assert rank["state"] in WORDS["state"]
        if rank["last"] is not None:
            assert_keys("last", rank["last"])
    for alert in document["alerts"]:
        assert_keys("alerts", alert)
        assert alert["severity"] in WORDS["severity"]
        assert alert["evidence"]
        for proof in alert["evidence"]:
            assert_keys("evidence", proof)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.parametrize("case", sample_cases())
def test_the_document_of_a_recorded_run_has_exactly_the_keys_of_the_contract(case: str) -> None:
    assert_is_of_the_contract(status_document(recorded(case).view()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing that is known\n",
        "[Rank 0] Training step 0, loss=nan\n",
        "Traceback (most recent call last):\nValueError: x\n",
        "epoch,loss\n1,inf\n",
    ],
)
def test_the_document_of_anything_has_them_too(text: str) -> None:
    for name in ("console.log", "m.csv"):
        assert_is_of_the_contract(status_document(read_text(text, name).view()))


def test_the_document_of_nothing_knows_nothing() -> None:
    document = status_document(new_reading(info=RunInfo("logs")).view())

    assert_is_of_the_contract(document)
    assert (document["status"], document["health"], document["lines"]) == ("unknown", "ok", 0)
    assert (document["metrics"], document["ranks"], document["alerts"]) == ({}, [], [])
    assert document["progress"] is document["epoch"] is document["run"]["started"] is None


def test_what_run_json_says_is_in_it() -> None:
    info = RunInfo(
        *("trainwatch_runs/e1", "e1", ("torchrun", "train.py"), 2, "node1"),
        started=MTIME,
        ended=MTIME + 7.0,
        exit_code=0,
    )
    document = status_document(new_reading(info=info).view())

    assert document["run"] == {
        "id": "e1",
        "path": "trainwatch_runs/e1",
        "command": ["torchrun", "train.py"],
        "attempt": 2,
        "host": "node1",
        "started": "2026-11-30T00:53:20.000+00:00",
    }
    assert (document["status"], document["elapsed_seconds"]) == ("completed", 7.0)


def test_ranks_can_be_selected() -> None:
    document = status_document(recorded("nan").view(), lambda rank: rank == 1)

    assert [rank["rank"] for rank in document["ranks"]] == [1]
    assert {alert["rank"] for alert in document["alerts"]} == {1}


def words(view: RunView) -> str:
    out = io.StringIO()
    print_status(view, Console(file=out, width=200, markup=False, highlight=False), lambda _: True)
    return out.getvalue()


@pytest.mark.parametrize("case", sample_cases())
def test_every_recorded_run_can_be_told_in_words(case: str) -> None:
    view = recorded(case).view()
    text = words(view)

    assert text.startswith(f"{view.status.upper()}  logs")
    assert f"{view.tally.lines} lines of {view.files} files read" in text
    for alert in view.alerts:
        assert alert.message in text


def test_log_text_acts_on_no_terminal() -> None:
    name = "\x1b]0;x\x07[/bold]\u202e.log"
    line = "\x1b[2J[red] \x9b31m Traceback (most recent call last):\nValueError: \x1b[31m[bold]\n"
    text = words(read_text(line + "[Rank 0] Training step 0, loss=nan\n", name).view())

    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(text)
    assert "[/bold]" in text
