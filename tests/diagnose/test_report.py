"""The diagnosis as JSON and on a screen."""

import io
import json

import pytest
from rich.console import Console

from tests.diagnose.cases import RECORDED, SAMPLE_LOGS, diagnosed, files_of
from tests.diagnose.scenarios import SCENARIOS, Scenario, rank_logs, traceback
from trainwatch.diagnose import Category, Confidence, DiagnosedPhase, Diagnosis, Role, Verdict
from trainwatch.report.diagnosis import diagnosis_document
from trainwatch.report.diagnosis_text import lines_of, print_diagnosis

KEYS = ["schema", "verdict", "category", "phase", "summary", "confidence", "ranks", "evidence",
        "refute", "advice", "missing", "others", "note", "silence"]  # fmt: skip
RANK_KEYS = ["rank", "role", "why", "state", "epoch", "step", "silent_seconds"]
STATES = {"active", "slow", "stalled", "finished", "dead", "unknown"}
SCREENS = [(80, 24), (120, 40)]


def every() -> list[object]:
    recorded = [pytest.param(files_of(SAMPLE_LOGS / name), id=name) for name in RECORDED]
    made = [
        pytest.param({n: text.encode() for n, text in one.files.items()}, id=one.name)
        for one in SCENARIOS
    ]
    return [*recorded, *made]


@pytest.mark.parametrize("files", every())
def test_the_document_keeps_to_the_contract(files: dict[str, bytes]) -> None:
    document = diagnosis_document(diagnosed(files))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert list(document) == KEYS
    assert document["schema"] == 1
    assert document["verdict"] in list(Verdict)
    assert document["category"] in [None, *Category]
    assert document["phase"] in [None, *DiagnosedPhase]
    assert document["confidence"] in list(Confidence)
    assert document["summary"]
    for rank in document["ranks"]:
        assert list(rank) == RANK_KEYS
        assert rank["role"] in list(Role)
        assert rank["why"]
        assert rank["state"] in STATES
    for proof in document["evidence"]:
        assert list(proof) == ["file", "line", "text", "why"]
    assert all(list(other) == ["category", "summary"] for other in document["others"])
    assert all(isinstance(text, str) for key in ("advice", "missing") for text in document[key])


@pytest.mark.parametrize("size", SCREENS, ids=str)
@pytest.mark.parametrize("files", every())
def test_the_report_fits_a_screen(files: dict[str, bytes], size: tuple[int, int]) -> None:
    width, height = size
    found = diagnosed(files)
    shown = screen(found, width, height).rstrip("\n").split("\n")
    assert len(shown) < height
    assert all(len(line) <= width for line in shown)
    assert shown[0].startswith(f" {found.verdict.value.upper()} ")
    text = "\n".join(shown)
    assert "missing" in text
    if found.evidence and found.verdict not in (Verdict.FINISHED, Verdict.HEALTHY):
        assert "proof" in text
        assert "refuted" in text


def screen(found: Diagnosis, width: int, height: int) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, height=height, force_terminal=True, color_system=None,
        markup=False, highlight=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    print_diagnosis(found, console)
    return out.getvalue()


def test_into_a_pipe_everything_is_written() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "silent_rank"))
    lines = lines_of(found, 80, 10_000)
    text = " ".join(line.plain for line in lines)
    assert all(word in text for missing in found.missing for word in missing.split()[:3])
    assert len(lines_of(found, 80, 20)) <= 20 < len(lines)


def test_one_line_for_ranks_of_one_role_at_one_place() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "stuck_checkpoint"))
    text = [line.plain for line in lines_of(found, 120, 40)]
    assert sum("suspect" in line for line in text) == 1
    assert sum("1, 2" in line and "victim" in line for line in text) == 1


def test_silence_is_a_table() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "silent_rank"))
    rows = diagnosis_document(found)["silence"]
    assert [row["rank"] for row in rows] == [0, 1, 2]
    assert all(row["silent_seconds"] > 20.0 == row["plausible_seconds"] for row in rows)
    assert all(0.0 <= row["longest_before_seconds"] < 1.0 for row in rows)
    assert rows[2]["since"].startswith("2026-11-23T01:38:57.9")
    assert rows[2]["last"]["line"] == 114
    shown = lines_of(found, 120, 40)
    head = next(line.plain for line in shown if "longest before" in line.plain)
    assert [word for word in ("silent", "longest before", "last wrote", "why") if word in head] == [
        "silent",
        "longest before",
        "last wrote",
        "why",
    ]
    assert any("11-23 01:38:57" in line.plain for line in shown)


def test_the_phases_of_the_ranks_are_drawn_over_time() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "healthy_4ranks"))
    shown = [line.plain for line in lines_of(found, 80, 23)]
    at = next(n for n, line in enumerate(shown) if "timeline" in line)
    assert "t train" in shown[at]
    assert "- silent" in shown[at]
    strip = shown[at + 1].split()
    assert strip[0] == "0-3"
    assert set(strip[1]) == set("tv-")
    assert strip[1].endswith("-" * 20)


def test_one_count_of_epochs_in_all_words() -> None:
    """The main log counts from 1 and states totals, the ranks' logs, which are quoted, from 0."""
    found = diagnosed(files_of(SAMPLE_LOGS / "nan"))
    assert "since epoch 2 step 15" in found.summary
    assert all("epoch 2" in rank.why or "epoch 2" in rank.place for rank in found.ranks)
    assert found.note == "epoch 1 of the ranks' logs is epoch 2 here"
    assert any(found.note in line.plain for line in lines_of(found, 80, 23))
    assert diagnosis_document(found)["ranks"][0]["epoch"] == 1  # as printed


def test_logs_that_count_alike_need_no_word_on_it() -> None:
    found = diagnosed({name: text.encode() for name, text in rank_logs(2).items()})
    assert found.note == ""
    assert diagnosis_document(found)["note"] is None


def test_a_selection_of_ranks() -> None:
    found = diagnosed(files_of(SAMPLE_LOGS / "oom"))
    document = diagnosis_document(found, lambda rank: rank == 1)
    assert [rank["rank"] for rank in document["ranks"]] == [1]
    assert "victim" not in "\n".join(x.plain for x in lines_of(found, 80, 24, lambda r: r == 1))


@pytest.mark.parametrize("evil", ["\x1b[2J\x1b]0;owned\x07", "[bold red]x[/x]", "\u202egnp.exe",
                                  "\r\x08\x08", "{who}", "a" * 5000, "\ud800"])  # fmt: skip
def test_hostile_text_does_not_act(evil: str) -> None:
    log = traceback(1, f"ValueError: {evil}", (f"/job/{evil}.py", "main", evil))
    files = {"console.log": log.encode(errors="surrogatepass")}
    found = diagnosed(files)
    shown = screen(found, 80, 24)
    assert found.category == Category.USER_EXCEPTION
    assert not set(shown) & set("\x1b\x07\x08\r\u202e")
    json.dumps(diagnosis_document(found)).encode()


def test_scenarios_name_what_is_next() -> None:
    for scenario in SCENARIOS:
        found = _found(scenario)
        if found.verdict in (Verdict.FAILED, Verdict.HANG, Verdict.INTERRUPTED):
            assert found.advice, scenario.name


def _found(scenario: Scenario) -> Diagnosis:
    return diagnosed({name: text.encode() for name, text in scenario.files.items()})
