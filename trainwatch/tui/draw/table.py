"""Tables as columns of lines: what fits is shown, what does not is left out whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from trainwatch.tui.draw.line import EMPTY, Line, Part, Tone, cut, fit, line

T = TypeVar("T")
_GAP = line("  ")
_SCROLL_BAR = 1


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column.

    Attributes:
        title: Its head.
        width: Cells; 0 takes what is left (for the last one).
        cell: What stands in it.
        right: Whether it is aligned to the right, as numbers are.
        need: Width of the whole table below which the column is left out.
    """

    title: str
    width: int
    cell: Callable[[T], Part]
    right: bool = True
    need: int = 0


def fitting(columns: Sequence[Column[T]], width: int) -> list[Column[T]]:
    """The columns for a table of this width."""
    return [column for column in columns if width >= column.need]


def header(columns: Sequence[Column[T]], width: int) -> Line:
    """The titles over their columns."""
    cells = [(column, line((column.title, Tone.DIM))) for column in columns]
    return _joined(cells, width)


def titles(columns: Sequence[Column[T]], width: int) -> Line:
    """The titles over a body that leaves a cell to its scroll bar."""
    return header(fitting(columns, width - _SCROLL_BAR), width - _SCROLL_BAR)


def row(columns: Sequence[Column[T]], item: T, width: int) -> Line:
    """One item."""
    return _joined([(column, line(column.cell(item))) for column in columns], width)


def _joined(parts: Sequence[tuple[Column[T], Line]], width: int) -> Line:
    done: Line = EMPTY
    left = width - 1
    for column, cell in parts:
        size = column.width or max(left, 0)
        done = (*done, *fit(cell, min(size, max(left, 0)), right=column.right), *_GAP)
        left -= size + len(_GAP[0].text)
    return cut((*line(" "), *done[:-1]), width)
