"""The ranks of the overview: a strip of letters, a table sorted by trouble, or both."""

from collections.abc import Sequence

from trainwatch.model.snapshot import RankView, RunView
from trainwatch.tui.draw import ranks
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.table import fitting, row, titles
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows

_TROUBLED_IN_OVERVIEW = 5


class RankPane(Pane):
    """All ranks while they are few and there is room, else those in trouble."""

    def __init__(self) -> None:
        self.rows = Rows[RankView]()
        super().__init__(self.rows, id="ranks")

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows what there is room for."""
        few = len(view.ranks) <= ranks.FEW
        table = self._table(view, shape, few=few)
        columns = ranks.columns(view)
        self.display = not shape.tiny
        self.rows.display = bool(table)
        self.rows.styles.max_height = shape.rank_rows
        most = 8 if shape.tall else 3
        strip, heads = not (few and self.rows.display), bool(table) and few
        self.entitle(
            ranks.heading(view),
            lambda width: [
                *(ranks.strip(view, width, most) if strip else ()),
                *([titles(columns, width)] if heads else ()),
            ],
        )
        self.rows.set(
            table, lambda one, width: row(fitting(columns, width), one, width), ranks.empty(view)
        )

    def _table(self, view: RunView, shape: Shape, *, few: bool) -> Sequence[RankView]:
        if not (shape.wide and shape.tall):
            return ()
        return ranks.by_trouble(view) if few else ranks.troubled(view)[:_TROUBLED_IN_OVERVIEW]
