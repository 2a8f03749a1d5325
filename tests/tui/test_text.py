"""Untrusted text: nothing that a terminal obeys is left, and what is left has a known width."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fake_views import HOSTILE
from trainwatch.tui.draw.text import cut, safe_text, width


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("step 4, loss=0.1", "step 4, loss=0.1"),
        ("[bold]not markup[/bold] [rank0]: [/x]", "[bold]not markup[/bold] [rank0]: [/x]"),
        ("\x1b[31mERROR\x1b[0m", "ERROR"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("a\tb", "a   b"),
        ("50%\r100%\n", "50%\\r100%\\n"),
        ("\x00", "\\x00"),
        ("\ud800", "\\ud800"),
        ("平均损失: 0.07", "平均损失: 0.07"),
        ("a\u00a0b", "a b"),
        ("e\u0301", "é"),
        ("🇩🇪", "DE"),
        ("☁\ufe0f", "☁"),
    ],
)
def test_what_is_shown(raw: str, shown: str) -> None:
    assert safe_text(raw) == shown


def test_piles_of_marks_are_cut_down() -> None:
    assert len(safe_text("q" + "\u0323" * 50)) == 3


@given(st.text())
def test_nothing_is_left_that_a_terminal_obeys(raw: str) -> None:
    shown = safe_text(raw)
    assert shown.isprintable()
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text())
def test_what_is_safe_stays_as_it_is(raw: str) -> None:
    assert safe_text(safe_text(raw)) == safe_text(raw)


@given(st.text(), st.integers(0, 40))
def test_cutting_keeps_within_the_cells(raw: str, cells: int) -> None:
    assert width(cut(safe_text(raw), cells)) <= cells


def test_hostile_text_is_harmless() -> None:
    assert "\x1b" not in safe_text(HOSTILE)
