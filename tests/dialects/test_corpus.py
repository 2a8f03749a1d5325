"""The excerpts of public logs beside the checkout: the general extractor alone must read them."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from dialects.reading import read

SHARED = next(
    (up / "shared" for up in Path(__file__).resolve().parents if (up / "shared/samples").is_dir()),
    Path("/nonexistent"),
)
INDEX = SHARED / "samples/dialects/index.jsonl"
CASES = [json.loads(line) for line in INDEX.read_text().splitlines()] if INDEX.exists() else []
NEEDS_A_NAME = {"067", "128"}
"""Not exact without a named format; docs/decisions/0010 says why."""


def judge() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", SHARED / "tools/score_dialects.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not CASES, reason="the shared samples are not beside this checkout")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}_{case['dialect']}")
def test_an_excerpt_is_read_exactly(case: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    if case["id"] in NEEDS_A_NAME:
        pytest.skip("needs a named format")
    tool = judge()
    found = read((INDEX.parent / case["file"]).read_bytes(), case["file"])
    tables = {"steps": found.steps, "evals": found.evals}
    monkeypatch.setattr(tool, "export", lambda _command, _path, table: tables[table])

    assert tool.judge(case, INDEX.parent, []) == []


@pytest.mark.skipif(not CASES, reason="the shared samples are not beside this checkout")
@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case["dialect"])
def test_the_records_do_not_depend_on_how_the_bytes_come(case: dict[str, str]) -> None:
    data = (INDEX.parent / case["file"]).read_bytes()
    whole = read(data)

    for piece in (997, 4096):
        pieces = read(data, piece=piece)
        assert pieces.steps == whole.steps
        assert pieces.evals == whole.evals
        assert pieces.unparsed == whole.unparsed
