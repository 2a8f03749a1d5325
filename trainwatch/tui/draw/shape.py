"""What a terminal of some size has room for."""

from typing import NamedTuple, Self

_SLIM_BELOW, _WIDE_FROM, _HUGE_FROM = 76, 100, 160
_TINY_BELOW, _TALL_FROM = 16, 34
_OTHERS = 28
_FEWEST_ROWS = 4
_EPOCHS = ((_HUGE_FROM, 70), (_WIDE_FROM, 60), (_SLIM_BELOW, 40), (0, 0))


class Shape(NamedTuple):
    """Decided here once, and not by classes in the style sheet: each class would restyle all.

    Attributes:
        wide: Several panes stand side by side and above each other.
        huge: There is room for more beside each pane.
        tall: There is room for more than what must be seen.
        tiny: There is hardly room for what must be seen.
        rank_rows: Rows that a table of ranks may take beside all other panes.
        epoch_cells: Width of the epochs beside the plot; 0 where they are left out.
    """

    wide: bool
    huge: bool
    tall: bool
    tiny: bool
    rank_rows: int
    epoch_cells: int

    @classmethod
    def of(cls, width: int, height: int) -> Self:
        """The shape of a terminal."""
        return cls(
            wide=width >= _WIDE_FROM,
            huge=width >= _HUGE_FROM,
            tall=height >= _TALL_FROM,
            tiny=height < _TINY_BELOW,
            rank_rows=max(height - _OTHERS, _FEWEST_ROWS),
            epoch_cells=next(cells for least, cells in _EPOCHS if width >= least),
        )
