"""Each signature is held to its own samples, and all of them to the list of known failures."""

import pytest

from trainwatch.diagnose.catalogue import _HINTS, _STEMS, SIGNATURES, STATED, recognise
from trainwatch.diagnose.signature import Signature, Standing

KNOWN = set(range(1, 32))
"""Numbers of the known failures that have a line of their own; 32 is silence."""


def each(which: str) -> list[object]:
    return [
        pytest.param(signature, line, id=f"{signature.name}-{at}")
        for signature in SIGNATURES
        for at, line in enumerate(getattr(signature, which))
    ]


@pytest.mark.parametrize(("signature", "line"), each("samples"))
def test_sample_fits_its_signature_and_no_earlier_one(signature: Signature, line: str) -> None:
    found = recognise(line.encode())
    assert found is not None
    assert found[0] is signature


@pytest.mark.parametrize(("signature", "line"), each("benign"))
def test_benign_line_does_not_fit(signature: Signature, line: str) -> None:
    found = recognise(line.encode())
    assert found is None or found[0] is not signature


@pytest.mark.parametrize("signature", STATED, ids=lambda signature: signature.name)
def test_what_exits_and_tracebacks_give_fits_too(signature: Signature) -> None:
    assert all(signature.pattern.search(line.encode()) for line in signature.samples)
    assert not any(signature.pattern.search(line.encode()) for line in signature.benign)


@pytest.mark.parametrize("signature", [*SIGNATURES, *STATED], ids=lambda signature: signature.name)
def test_words_can_be_filled_in(signature: Signature) -> None:
    filled = signature.words.format(
        who="rank 1", exception="ValueError", where_raised="", where_rank="", signal="SIGTERM"
    )
    assert filled
    assert "{" not in filled
    if signature.standing <= Standing.TIMEOUT:
        assert signature.category is not None
        assert signature.refute
        assert signature.advice


def test_names_are_unique() -> None:
    names = [signature.name for signature in (*SIGNATURES, *STATED)]
    assert len(names) == len(set(names))


def test_every_known_failure_has_a_signature() -> None:
    numbers = {number for signature in (*SIGNATURES, *STATED) for number in signature.numbers}
    assert numbers == KNOWN


def test_no_hint_is_passed_over() -> None:
    assert [hint for hint in _HINTS if not any(stem in hint for stem in _STEMS)] == []


@pytest.mark.parametrize("mark", ["`", '"', "'"])
def test_a_quoted_failure_is_no_failure(mark: str) -> None:
    assert recognise(f"see {mark}CUDA out of memory{mark}".encode()) is None


def test_a_long_line_is_searched_at_its_beginning_only() -> None:
    assert recognise(b"x" * 100_000 + b" CUDA out of memory") is None
