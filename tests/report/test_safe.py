"""Log text on a terminal: seen, never obeyed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.report.safe import safe_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Epoch [1/200] - 进度 0.0%", "Epoch [1/200] - 进度 0.0%"),
        ("🔄 ⏸️ 训练中断", "🔄 ⏸️ 训练中断"),
        ("a\tb", "a b"),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("\x9b31m", "\ufffd31m"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("a\r\nb", "a\ufffd\ufffdb"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("\x00\x7f", "\ufffd\ufffd"),
        ("\udcff", "\ufffd"),
        ("\u2028\u2029", "\ufffd\ufffd"),
        ("[bold]markup[/bold]", "[bold]markup[/bold]"),
    ],
)
def test_what_could_act_is_shown_as_a_mark(text: str, shown: str) -> None:
    assert safe_text(text) == shown


@given(st.text())
def test_no_character_that_acts_is_left_and_none_is_added(text: str) -> None:
    shown = safe_text(text)

    assert len(shown) == len(text)
    acting = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    assert not {unicodedata.category(character) for character in shown} & acting
    assert safe_text(shown) == shown
    shown.encode()
