"""A line that a progress bar refreshes many times is one line of the tally."""

from dialects.reading import read

REFRESHES = [
    f"Epoch 0:  {at * 10}%|{'#' * at}{' ' * (10 - at)}| {at}/10 [00:0{at}<00:0{10 - at},  1.00it/s, loss=0.{at}]"
    for at in range(1, 10)
]


def test_a_bar_that_is_understood_while_it_is_drawn_is_not_counted_twice() -> None:
    assert read("\r".join(REFRESHES) + "\n").unparsed == 0


def test_it_counts_as_understood_once_and_the_lines_before_it_do_not() -> None:
    found = read("hello there\nnothing to see\n" + "\r".join(REFRESHES) + "\n")
    assert found.unparsed == 2
