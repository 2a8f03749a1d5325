"""The ranks of the overview: a strip of letters, a table sorted by trouble, or both."""

from collections.abc import Sequence

from trainwatch.model.snapshot import RankView, RunView
from trainwatch.tui.desk import Desk
from trainwatch.tui.draw import ranks
from trainwatch.tui.draw.shape import Shape
from trainwatch.tui.draw.table import fitting, row, titles
from trainwatch.tui.widgets.pane import Pane
from trainwatch.tui.widgets.rows import Rows

_TROUBLED_IN_OVERVIEW = 5


class RankPane(Pane):
    """All ranks while they are few and there is room, else those in trouble."""

    def __init__(self, desk: Desk) -> None:
        self.rows = Rows[RankView]()
        super().__init__(self.rows, id="ranks")
        self._desk = desk

    def show(self, view: RunView, shape: Shape) -> None:
        """Shows what there is room for."""
        few = len(view.ranks) <= ranks.FEW
        table = self._table(view, shape, few=few)
        roles = self._desk.roles
        columns = ranks.columns(view, roles)
        self.display = not shape.tiny
        self.rows.display = bool(table)
        self.rows.styles.max_height = shape.rank_rows
        most = 8 if shape.tall else 5
        strip, heads = not (few and self.rows.display), bool(table) and few
        self.entitle(
            ranks.heading(view, roles),
            lambda width: [
                *(ranks.strip(view, width, most, roles) if strip else ()),
                *([titles(columns, width)] if heads else ()),
            ],
        )
        self.rows.set(
            table, lambda one, width: row(fitting(columns, width), one, width), ranks.empty(view)
        )

    def _table(self, view: RunView, shape: Shape, *, few: bool) -> Sequence[RankView]:
        if not (shape.wide and shape.tall):
            return ()
        roles = self._desk.roles
        if few:
            return ranks.by_trouble(view, roles)
        return ranks.troubled(view, roles)[:_TROUBLED_IN_OVERVIEW]
