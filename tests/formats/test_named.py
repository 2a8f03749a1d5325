"""Structured named formats: each is known by its own samples, and by no other's."""

import re
from collections.abc import Mapping

import pytest

from trainwatch.formats import DIALECTS, Dialect, RecordFormat, Sample
from trainwatch.formats.records import which
from trainwatch.parsing.prefix import split_prefix

OVERLAPS: Mapping[str, Mapping[str, str]] = {
    "trl.sft": {
        "hf_trainer.step": "TRL prints what the Trainer prints, and more; it is tried first"
    },
    "trl.preference": {"hf_trainer.step": "the same"},
    "trl.online": {"hf_trainer.step": "the same"},
    "nemo.bar": {"lightning.bar": "NeMo is built on Lightning; it is tried first"},
    "swin.test": {
        "imagenet.test": "Swin keeps the example's line and adds the memory; it is tried first"
    },
}
"""Record → other records that fit its samples, and why that does no harm."""

CASES = [
    pytest.param(dialect, record, sample, id=f"{record.name}-{number}")
    for dialect in DIALECTS
    for record in dialect.records
    for number, sample in enumerate(record.samples)
]
KEYS = {key for dialect in DIALECTS for record in dialect.records for key in record.keys}


def message_of(sample: Sample) -> str:
    """The line of a sample that is recognised: the last one of a bar below its header."""
    lines = sample.text.splitlines()
    line = lines[-1] if lines[0].startswith("Epoch ") else lines[0]
    return split_prefix(line.encode())["message"].decode()


def keys_of(sample: Sample) -> set[str]:
    """The keys of all formats that stand in a sample as keys do."""
    return {key for key in KEYS if re.search(rf"(?<![\w/]){re.escape(key)}(?![\w/])", sample.text)}


def all_fitting(sample: Sample, record: RecordFormat) -> set[str]:
    found = (
        which(
            record.shape, message_of(sample), keys_of(sample), [Dialect(d.name, "", records=(r,))]
        )
        for d in DIALECTS
        for r in d.records
    )
    return {hit[1].name for hit in found if hit}


@pytest.mark.parametrize(("dialect", "record", "sample"), CASES)
def test_a_sample_is_known_as_its_own_record_and_no_other(
    dialect: Dialect, record: RecordFormat, sample: Sample
) -> None:
    assert which(record.shape, message_of(sample), keys_of(sample), DIALECTS) == (dialect, record)
    assert all_fitting(sample, record) == {record.name} | set(OVERLAPS.get(record.name, ()))


def test_names_are_unique_and_of_their_dialect() -> None:
    names = [record.name for dialect in DIALECTS for record in dialect.records]
    names += [line.name for dialect in DIALECTS for line in dialect.formats]
    dialects = [dialect.name for dialect in DIALECTS]
    assert len(names) == len(set(names))
    assert len(dialects) == len(set(dialects))
    assert {name.split(".")[0] for name in names} == set(dialects)
    assert "general" not in dialects  # what the extractor calls what it finds without a format


def test_every_record_can_be_told_from_any_line() -> None:
    for dialect in DIALECTS:
        for record in dialect.records:
            assert record.samples
            assert record.keys or record.opening, record.name
