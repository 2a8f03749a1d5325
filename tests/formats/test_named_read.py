"""What a named record's sample says is what a file of it gives."""

import itertools
import re

import pytest
from core.feeding import read_files

from trainwatch.events import StepBlock
from trainwatch.formats import DIALECTS, Dialect, RecordFormat, Sample, Shape
from trainwatch.report.records import step_rows

NOT_READ = {
    "espnet.train": "its position is glued to words: 1epoch:train:1-100batch",
    "paddle.clas": "a value is glued to the bracket before it",
    "lightgbm.round": "the round has no name, the metric no loss in its name",
    "caffe.lr": "a learning rate alone is no record; it joins the loss of its step",
    "yolo.bar": "a bar that is refreshed once is one record, which proves no training",
    "yolo.v5_bar": "likewise",
    "lightning.bar": "likewise",
    "nemo.bar": "likewise",
}
"""Records whose sample alone gives nothing, and why."""

UNNAMED = {"sb3.table": "tables of two columns are read without a name"}

CASES = [
    pytest.param(dialect, record, sample, id=f"{record.name}-{number}")
    for dialect in DIALECTS
    for record in dialect.records
    for number, sample in enumerate(record.samples)
    if sample.fields and record.name not in NOT_READ
]


def file_of(record: RecordFormat, sample: Sample) -> dict[str, str]:
    """A log, or a CSV, that holds a sample three times: two records prove a training."""
    text = sample.text.rstrip("\n")
    if record.shape is Shape.TABLE and "," in text:
        header, *rows = text.split("\n")
        return {"x.csv": "\n".join([header, *rows * 3]) + "\n"}
    return {"x.log": f"{text}\n" * 3}


@pytest.mark.parametrize(("dialect", "record", "sample"), CASES)
def test_a_file_of_a_sample_gives_its_fields(
    dialect: Dialect, record: RecordFormat, sample: Sample
) -> None:
    parsed = read_files(file_of(record, sample)).parsed
    row = next(itertools.chain.from_iterable(map(step_rows, parsed)))
    shapes = {
        (item.shape.dialect, item.shape.format)
        for one in parsed
        for item in one.items
        if isinstance(item, StepBlock)
    }

    if record.name not in UNNAMED:
        assert shapes == {(dialect.name, record.name)}
        assert {name: row[name] for name in sample.fields} == sample.fields


@pytest.mark.parametrize(
    "record", [r for d in DIALECTS for r in d.records if r.ignore], ids=lambda record: record.name
)
def test_what_is_no_record_gives_none(record: RecordFormat) -> None:
    for sample in record.samples:
        parsed = read_files({"x.log": f"{sample.text}\n" * 3}).parsed
        assert list(itertools.chain.from_iterable(map(step_rows, parsed))) == []


def test_bars_are_named_once_they_move() -> None:
    sample = next(r for d in DIALECTS for r in d.records if r.name == "lightning.bar").samples[0]
    text = "".join(
        re.sub(r"\d/8", f"{n}/8", sample.text).replace("25%", f"{n * 12}%") + "\n"
        for n in range(1, 6)
    )
    parsed = read_files({"x.log": text}).parsed
    rows = [row for one in parsed for row in step_rows(one)]
    named = {
        item.shape.format for one in parsed for item in one.items if isinstance(item, StepBlock)
    }
    assert named == {"lightning.bar"}
    assert [row["batch"] for row in rows] == [1, 2, 3, 4, 5]


def test_one_dialect_of_structured_records_can_be_forced() -> None:
    text = "Epoch(train)  [1][ 10/196]  lr: 3.3e-04  time: 0.4  memory: 970  loss: 6.1\n" * 3

    def formats(dialect: str | None) -> set[str]:
        parsed = read_files({"x.log": text}, dialect=dialect).parsed
        items = [item for one in parsed for item in one.items]
        return {item.shape.format for item in items if isinstance(item, StepBlock)}

    assert formats(None) == formats("mmengine") == {"mmengine.epoch"}
    assert formats("general") == {"general.pairs"}
    assert formats("keras") == formats("nanogpt") == set()
