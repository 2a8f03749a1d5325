"""Whose named records say what general rules read; apart from the rules, which few logs need."""

from dataclasses import dataclass

from trainwatch.formats import DIALECTS, Dialect


@dataclass(frozen=True, slots=True)
class Records:
    """Which dialects may name what general rules read.

    Attributes:
        dialects: Those with records, in order.
        only: Whether what none of them knows is no record.
    """

    dialects: tuple[Dialect, ...] = tuple(dialect for dialect in DIALECTS if dialect.records)
    only: bool = False


EVERY = Records()
"""All named records, and what none of them knows."""
