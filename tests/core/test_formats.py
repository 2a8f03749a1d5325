"""Every line format is held to its own samples, alone and behind every prefix."""

from collections.abc import Mapping

import pytest

from core.feeding import read_text, rows_of
from trainwatch.errors import UsageError
from trainwatch.events import StepBlock
from trainwatch.formats import DIALECTS, Kind, LineFormat, Sample, Template
from trainwatch.parsing.compiled import CompiledFormat
from trainwatch.parsing.parser import formats_of
from trainwatch.parsing.prefix import level_of, split_prefix

COMPILED = formats_of(None)

OVERLAPS: Mapping[str, Mapping[str, str]] = {
    "automation.found_step": {
        "automation.found": "a checkpoint's name is any text; the format with a step is tried first"
    },
}
"""Format → other formats that fit its samples, and why that does no harm."""

CASES = [
    pytest.param(compiled, sample, id=f"{compiled.format.name}-{number}")
    for compiled in COMPILED
    for number, sample in enumerate(compiled.format.samples)
]

PREFIXES: Mapping[str, tuple[str, str | None, bool]] = {
    "none": ("", None, False),
    "time and level": ("2023-12-03 14:30:25,123 [DEBUG] ", "DEBUG", True),
    "time in brackets": ("[2023-12-03 14:30:25,123] [DEBUG] ", "DEBUG", True),
    "ISO with a zone": ("2023-12-03T14:30:25.123+08:00 [INFO] ", "INFO", True),
    "ISO in UTC": ("2023-12-03T14:30:25Z [INFO] ", "INFO", True),
    "time only": ("2023-12-03 14:30:25,123 ", None, True),
    "level only": ("[DEBUG] ", "DEBUG", False),
    "logging's default": ("DEBUG:root:", "DEBUG", False),
    "a logger's name": ("2023-12-03 14:30:25,123 - root - DEBUG - ", "DEBUG", True),
    "hydra": ("[2023-12-03 14:30:25,123][root][DEBUG] - ", "DEBUG", True),
    "loguru": ("2023-12-03 14:30:25.123 | DEBUG    | __main__:<module>:12 - ", "DEBUG", True),
    "torchrun --tee": ("[default0]:", None, False),
    "torch's rank": ("[rank1]: ", None, False),
    "both ranks": ("[default0]:[rank1]: ", None, False),
    "ranks, time and level": (
        "[default0]:[rank1]: 2023-12-03 14:30:25,123 [DEBUG] ",
        "DEBUG",
        True,
    ),
    "warn": ("2023-12-03 14:30:25 [WARN] ", "WARNING", True),
    "indented": ("  ", None, False),
}


def shown(fields: Mapping[str, object]) -> list[str]:
    """Names and values, comparable: NaN equals NaN, and 1 is not 1.0."""
    return sorted(f"{name}={value!r}" for name, value in fields.items())


def line_of(prefix: str, sample: Sample) -> bytes:
    return f"{prefix}{sample.text}".encode()


def fitting(line: bytes) -> set[str]:
    return {compiled.format.name for compiled in COMPILED if compiled.whole.match(line)}


@pytest.mark.parametrize(("compiled", "sample"), CASES)
def test_a_sample_gives_exactly_its_fields_behind_every_prefix(
    compiled: CompiledFormat, sample: Sample
) -> None:
    for prefix, level, timed in PREFIXES.values():
        found = compiled.whole.match(line_of(prefix, sample))
        assert found is not None, prefix
        assert shown(compiled.fields(found)) == shown({**sample.fields, **compiled.format.fixed})
        assert level_of(found) == level
        assert (found["clock"] is not None) == timed


@pytest.mark.parametrize(("compiled", "sample"), CASES)
def test_no_other_format_takes_a_sample(compiled: CompiledFormat, sample: Sample) -> None:
    known = set(OVERLAPS.get(compiled.format.name, ()))
    for prefix, _, _ in PREFIXES.values():
        assert fitting(line_of(prefix, sample)) == {compiled.format.name} | known, prefix


@pytest.mark.parametrize(("compiled", "sample"), CASES)
def test_the_three_patterns_of_a_format_agree(compiled: CompiledFormat, sample: Sample) -> None:
    line = line_of("", sample)
    for found in (
        compiled.line.match(line + b"\n"),
        compiled.line.match(line + b"\r\n"),
        compiled.line.match(line + b"   \n"),
        compiled.within.match(line),
        compiled.within.match(line + b"2023-12-03 14:30:25,123 [DEBUG] "),
        compiled.within.match(line + b"[rank3]: "),
    ):
        assert found is not None
        assert shown(compiled.fields(found)) == shown({**sample.fields, **compiled.format.fixed})


@pytest.mark.parametrize(("compiled", "sample"), CASES)
def test_a_sample_alone_in_a_file_gives_one_record_or_event_of_its_kind(
    compiled: CompiledFormat, sample: Sample
) -> None:
    (parsed,) = read_text(f"{sample.text}\n").parsed
    silent = compiled.format.kind in (Kind.MESSAGE, Kind.SUMMARY_LINE)

    assert len(parsed.items) == (0 if silent else 1)
    assert parsed.tally.unparsed == 0
    assert [isinstance(item, StepBlock) for item in parsed.items] == [compiled.is_step][
        : 1 - silent
    ]


def test_an_overlap_is_won_by_the_format_that_reads_more() -> None:
    (event,) = read_text("🔄 检测到checkpoint: checkpoint-20000\n").events

    assert getattr(event, "step", None) == 20000


@pytest.mark.parametrize(
    "line", [line for dialect in DIALECTS for line in dialect.formats], ids=lambda line: line.name
)
def test_every_format_has_samples_and_a_name_of_its_dialect(line: LineFormat) -> None:
    assert line.samples
    assert any(dialect.name == line.name.split(".")[0] for dialect in DIALECTS)
    assert sum(line.name == other.format.name for other in COMPILED) == 1


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("1.5e-05", 1.5e-05),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.25", -0.25),
        ("+2", 2.0),
        ("inf", float("inf")),
        ("-inf", float("-inf")),
        ("Infinity", float("inf")),
        ("1e999", float("inf")),
        ("0.12345678901234567890", 0.12345678901234568),
    ],
)
def test_numbers_are_read_in_every_notation(text: str, loss: float) -> None:
    (row,) = rows_of(read_text(f"[Rank 0] Training step 1, loss={text}\n").parsed[0])

    assert row.values == {"loss": loss}


@pytest.mark.parametrize("text", ["nan", "NaN", "NAN", "-nan"])
def test_a_nan_is_a_value(text: str) -> None:
    (row,) = rows_of(read_text(f"[Rank 0] Training step 1, loss={text}\n").parsed[0])

    assert row.values["loss"] != row.values["loss"]


@pytest.mark.parametrize("text", ["", "abc", "0x10", "1_000", "1,5", "0.5.5", "--1", "1e", "١"])
def test_what_is_no_number_is_no_record(text: str) -> None:
    reading = read_text(f"[Rank 0] Training step 1, loss={text}\n")

    assert reading.rows == []
    assert reading.engine.run.tally.unparsed == 1


@pytest.mark.parametrize(
    "template",
    ["{a:int} {a:int}", "{a:number}", "half {a:int", "a } brace"],
    ids=["a name twice", "an unknown type", "an open brace", "a lone brace"],
)
def test_a_wrong_template_is_refused_with_a_sentence(template: str) -> None:
    with pytest.raises(UsageError, match="template"):
        Template.parse(template)


def test_an_unknown_dialect_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(UsageError, match="autoencoder, chinese, automation"):
        formats_of("klingon")


def test_one_dialect_can_be_forced() -> None:
    chinese = "Epoch [1/2] - 进度 0.0% (0/9) - Batch Loss: 0.5 - LR: 0.1\n"
    other = "[Rank 0] Training step 1, loss=0.5\n"

    assert [row.format for row in read_text(chinese + other, dialect="chinese").rows] == [
        "chinese.batch"
    ]


def test_a_dialect_of_records_can_be_forced() -> None:
    of_trainer = "".join(
        f"{{'loss': 0.5, 'grad_norm': 1.5, 'learning_rate': 1e-05, 'epoch': {epoch / 10}}}\n"
        for epoch in range(1, 5)
    )
    others = "".join(f"step {step} loss 0.{9 - step}\n" for step in range(1, 5))

    def named(dialect: str | None) -> set[str]:
        return {row.format for row in read_text(of_trainer + others, dialect=dialect).rows}

    forced = named("hf_trainer")
    assert forced
    assert all(name.startswith("hf_trainer.") for name in forced)
    assert named(None) > forced
    assert all(name.startswith("general.") for name in named("general"))


def test_a_prefix_alone_is_split_from_any_message() -> None:
    found = split_prefix(b"2023-12-03 14:30:25,123 [WARNING] disk is slow")

    assert (found["message"], level_of(found)) == (b"disk is slow", "WARNING")


def test_torchs_own_prefix_gives_the_level() -> None:
    found = split_prefix(b"E1123 01:52:46.720000 18415 torch/distributed/api.py:1002] failed")

    assert (found["message"], level_of(found)) == (b"failed", "ERROR")
