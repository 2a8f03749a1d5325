"""Lines: cut, filled and broken by cells, not by characters."""

from hypothesis import given
from hypothesis import strategies as st

from trainwatch.tui.draw.line import (
    Line,
    Tone,
    cells,
    cut,
    fit,
    join,
    line,
    plain,
    skip,
    spread,
    wrap,
)

parts = st.lists(st.tuples(st.text(max_size=12), st.sampled_from(list(Tone))), max_size=5)


def test_parts_become_runs() -> None:
    made = line("a", ("b", Tone.BAD), line(("c", Tone.DIM)), "")
    assert [tuple(run) for run in made] == [("a", Tone.PLAIN), ("b", Tone.BAD), ("c", Tone.DIM)]


def test_text_is_made_harmless() -> None:
    assert plain(line("\x1b[2J")) == "\\x1b[2J"


def test_an_ellipsis_says_that_something_is_missing() -> None:
    assert plain(cut(line("abc", "def"), 4)) == "abc…"
    assert plain(cut(line("abc", "def"), 3)) == "ab…"
    assert plain(cut(line("abc", "def"), 6)) == "abcdef"


def test_wide_characters_are_not_halved() -> None:
    assert cells(fit(line("损失损失"), 5)) == 5
    assert plain(skip(line("损失a"), 1)) == " 失a"


def test_the_right_end_stays() -> None:
    assert plain(spread(line("a long left"), line(" 12:00"), 12)) == "a lon… 12:00"


def test_empty_parts_leave_no_separator() -> None:
    assert plain(join([line("a"), (), line("b")])) == "a · b"


def test_a_sentence_breaks_at_its_parts() -> None:
    made = wrap(line("epoch 14 of 200 · 7.4 % · about 2 h left"), 30, 2, indent=2)
    assert [plain(one) for one in made] == ["epoch 14 of 200 · 7.4 %", "  about 2 h left"]


def test_the_last_line_is_cut() -> None:
    assert [plain(one) for one in wrap(line("aaa bbb ccc ddd"), 7, 2)] == ["aaa bbb", "ccc ddd"]
    assert [plain(one) for one in wrap(line("aaa bbb ccc ddd eee"), 7, 2)][1] == "ccc dd…"


def test_a_sentence_is_broken_inside_a_part_rather_than_cut() -> None:
    told = line("epoch 30 of 80 · last line 2 h ago; whether it lives is not known")
    assert [plain(one) for one in wrap(told, 34, 2)] == [
        "epoch 30 of 80 · last line 2 h",
        "ago; whether it lives is not known",
    ]


@given(parts, st.integers(0, 30))
def test_fit_is_exact(of: list[tuple[str, Tone]], room: int) -> None:
    assert cells(fit(line(*of), room)) == room


@given(parts, st.integers(1, 30), st.integers(1, 4))
def test_wrapped_lines_fit(of: list[tuple[str, Tone]], room: int, most: int) -> None:
    made: list[Line] = wrap(line(*of), room, most)
    assert len(made) <= most
    assert all(cells(one) <= room for one in made)


@given(parts, st.integers(0, 30))
def test_skipping_takes_that_many_cells(of: list[tuple[str, Tone]], many: int) -> None:
    made = line(*of)
    assert cells(skip(made, many)) == max(cells(made) - many, 0)
