"""A user's own formats: from `trainwatch.toml` into every reader, or a sentence that helps."""

import time
from pathlib import Path

import pytest

from tests.cli.conftest import Run, trainwatch
from trainwatch.cli.config import line_of, load_config
from trainwatch.errors import UsageError

__all__ = ["trainwatch"]

GOOD = r"""
# ours
[formats.mine]
epoch_base = 0
template = "it {iter:int} loss {loss:float} ({_ms:float} ms)"
samples = ["it 40 loss 0.25 (18.2 ms)", "2024-01-02 03:04:05 [INFO] it 41 loss nan (1 ms)"]

[[formats.mine.lines]]
pattern = 'val at (?P<step>\d+) -> (?P<loss>[^ ]+)(?P<_rest> .*)?'
split = "validation"
samples = ["val at 40 -> 1e-3"]

[[formats.mine.lines]]
kind = "epoch_start"
template = "--- epoch {epoch:int}"
samples = ["--- epoch 3"]
"""

LOG = """\
--- epoch 3
it 40 loss 0.25 (18.2 ms)
it 41 loss 1e-05 (18.2 ms)
val at 41 -> 0.5 ok
val at 41 -> broken
it 42 loss 0.1 (18.2 m
"""


def test_every_reader_understands_an_own_format(trainwatch: Run) -> None:
    Path("trainwatch.toml").write_text(GOOD)
    Path("x.log").write_text(LOG)

    rows = trainwatch("export", "x.log").rows
    assert [(row["phase"], row["epoch"], row["step"], row["loss"]) for row in rows] == [
        ("train", 3, 40, 0.25),
        ("train", 3, 41, 1e-05),
        ("validation", 3, 41, 0.5),
    ]
    assert trainwatch("status", "x.log", "--json", "--dialect", "mine").document["step"] == 41
    assert "mine.1" in trainwatch("formats", "test", "x.log").out
    assert "mine" in trainwatch("formats", "list").out
    assert "it 40 loss 0.25" in trainwatch("formats", "show", "mine").out
    assert "x.log" in trainwatch("diagnose", "x.log").out


def test_a_configuration_elsewhere_is_named_with_config(trainwatch: Run, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "other.toml").write_text(GOOD)
    Path("x.log").write_text(LOG)

    assert trainwatch("export", "x.log", "--dialect", "chinese").code == 3
    assert len(trainwatch("export", "x.log", "--config", "sub/other.toml").rows) == 3
    assert trainwatch("formats", "test", "x.log", "--config", "sub/other.toml").code == 0


WRONG = {
    "a sample that does not fit": (
        '[formats.a]\ntemplate = "it {step:int} loss {loss:float}"\n# why\nsamples = [\n "it x"\n]',
        4,
        "sample 1, 'it x', does not fit",
    ),
    "no samples": ('\n[formats.a]\ntemplate = "it {step:int} l {loss:float}"', 2, "needs samples"),
    "neither": ('[formats.a]\nsamples = ["x"]', 1, "either a template"),
    "an unknown type": (
        '[formats.a]\ntemplate = "it {step:integer}"\nsamples = ["x"]',
        2,
        "unknown type 'integer'",
    ),
    "a lone brace": ('[formats.a]\nsamples = ["x"]\ntemplate = "{ it"', 3, "brace"),
    "no such key": ('[formats.a]\ntemplat = "x"', 2, "unknown key formats.a.templat"),
    "no such kind": ('[formats.a]\nkind = "stepp"', 2, "one of step, evaluation, epoch_start"),
    "a taken name": ('[formats.chinese]\ntemplate = "x"', 1, "choose another name"),
    "no metric": (
        '[formats.a]\ntemplate = "it {step:int}"\nsamples = ["it 1"]',
        2,
        "needs a value besides",
    ),
    "a text as a metric": (
        '[formats.a]\ntemplate = "it {loss:word}"\nsamples = ["it 1"]',
        2,
        "begin its name with an underscore",
    ),
    "a fractional step": (
        '[formats.a]\ntemplate = "it {step:float} l {loss:float}"\nsamples = ["it 1 l 1"]',
        2,
        "{step:int}",
    ),
    "three free texts": (
        '[formats.a]\ntemplate = "{_a:text}.{_b:text}.{_c:text} {loss:float}"\nsamples = ["x"]',
        2,
        "take too long",
    ),
    "nothing fixed": (
        '[formats.a]\ntemplate = "{step:int} {loss:float}"\nsamples = ["1 2"]',
        2,
        "nearly every line",
    ),
    "looking ahead": (
        "[formats.a]\npattern = 'it (?=x)(?P<loss>.*)'\nsamples = ['it x']",
        2,
        "RE2",
    ),
    "the second of two lines": (
        (
            '[formats.a]\n[[formats.a.lines]]\ntemplate = "l {loss:float}"\nsamples = ["l 1"]\n'
            '[[formats.a.lines]]\ntemplate = "m {loss:float}"\n\nsamples = ["l 1"]'
        ),
        8,
        "does not fit",
    ),
    "no table": ("formats = 3", 1, "[formats.NAME]"),
    "a list of texts": ('[formats.a]\nlines = ["x"]', 2, "[[formats.a.lines]]"),
    "a name with blanks": ('[formats."a b"]\ntemplate = "x"', 1, "is no name"),
}


@pytest.mark.parametrize(("text", "line", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_format_is_refused_with_file_line_and_remedy(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = tmp_path / "trainwatch.toml"
    path.write_text(text)

    with pytest.raises(UsageError) as refused:
        load_config(path)
    assert str(refused.value).startswith(f"{path}, line {line}: ")
    assert words in str(refused.value)


def test_a_hostile_expression_takes_no_time(trainwatch: Run) -> None:
    Path("trainwatch.toml").write_text(
        "[formats.mine]\npattern = '(?P<_a>(x+x+)+)+y (?P<loss>.*)'\nsamples = ['xxxy 1']\n"
    )
    Path("x.log").write_text("xxxxxxxxy 0.5\n" + "x" * 5000 + "\n" + ("x" * 4000 + " ") * 20 + "\n")
    began = time.process_time()
    assert len(trainwatch("export", "x.log").rows) == 1
    assert time.process_time() - began < 30  # with `re`: longer than the universe lasts


def test_a_value_that_is_no_number_is_no_record(trainwatch: Run) -> None:
    Path("trainwatch.toml").write_text(
        "[formats.mine]\npattern = 'a (?P<step>.*) b (?P<loss>.*)'\nsamples = ['a 1 b 2']\n"
    )
    Path("x.log").write_text("a 1 b 2\na 1.5 b 2\na 1 b two\na 2 b inf\na  b \n")
    assert [row["loss"] for row in trainwatch("export", "x.log").rows] == [2.0, "inf"]


def test_the_line_of_a_value_that_spans_lines_is_its_first() -> None:
    text = "a = 1\n\n[t]\n# c\nb = [\n 1,\n 2,\n]\nc = 3\n"
    assert [line_of(text, place) for place in (["a"], ["t"], ["t", "b"], ["t", "c"])] == [
        1,
        3,
        5,
        9,
    ]


def test_the_result_of_an_evaluation_is_one(trainwatch: Run) -> None:
    Path("trainwatch.toml").write_text(
        '[formats.mine]\nkind = "evaluation"\nsplit = "test"\n'
        'template = "after {epoch:int} rounds: {accuracy:float} right"\n'
        'samples = ["after 3 rounds: 0.91 right"]\n'
    )
    Path("x.log").write_text("after 3 rounds: 0.5 right\nafter 4 rounds: 6e-1 right\n")
    rows = trainwatch("export", "x.log", "--table", "evals").rows

    assert [(row["phase"], row["epoch"], row["accuracy"]) for row in rows] == [
        ("test", 3, 0.5),
        ("test", 4, 0.6),
    ]
