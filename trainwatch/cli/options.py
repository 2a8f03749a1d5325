"""Options that the readers share."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from trainwatch.errors import UsageError

Command = Callable[..., Any]

_RANGE = re.compile(r"^(\d{1,7})(?:-(\d{1,7}))?$")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader was asked to read, and how.

    Attributes:
        paths: As given; empty for the newest run here.
        ranks: The ranks to show, None for all.
        dialect: The only dialect to try.
        config: The configuration file; None to search for one.
        now: Epoch seconds of `--now`.
    """

    paths: tuple[str, ...]
    ranks: frozenset[int] | None = None
    dialect: str | None = None
    config: Path | None = None
    now: float | None = None

    def wants(self, rank: int | None) -> bool:
        """Whether a rank is selected; what no rank wrote is left out of a selection."""
        return self.ranks is None or rank in self.ranks


def reading(command: Command) -> Command:
    """Add PATH and the shared options; the command gets them as `selection`."""

    def gathered(**given: Any) -> Any:  # noqa: ANN401 - click passes one argument an option
        selection = Selection(
            paths=given.pop("paths"),
            ranks=given.pop("rank"),
            dialect=given.pop("dialect"),
            config=given.pop("config"),
            now=given.pop("now"),
        )
        return command(selection=selection, **given)

    gathered.__name__, gathered.__doc__ = command.__name__, command.__doc__
    gathered.__dict__.update(command.__dict__)
    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def as_ranks(text: str | None) -> frozenset[int] | None:
    """`0,4-7` as a set.

    Raises:
        UsageError: for anything else.
    """
    if text is None:
        return None
    ranks: set[int] = set()
    for part in text.split(","):
        found = _RANGE.match(part.strip())
        if found is None:
            raise UsageError(f"--rank {text!r} is not of the form N or N,N-M, such as 0,4-7")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise UsageError(f"--rank {text!r}: {part} runs backwards; write the smaller one first")
        ranks.update(range(first, last + 1))
    return frozenset(ranks)


def as_moment(text: str | None) -> float | None:
    """ISO 8601 (without a zone: local time) or epoch seconds, as epoch seconds.

    Raises:
        UsageError: for anything else.
    """
    if text is None:
        return None
    try:
        moment = float(text)
    except ValueError:
        pass
    else:
        if math.isfinite(moment):
            return moment
    try:
        return datetime.fromisoformat(text.replace(",", ".")).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(
            f"--now {text!r} is no time; write 2026-11-21T20:58:00 or epoch seconds"
        ) from None


def _through(
    convert: Callable[[str | None], Any],
) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    return lambda _context, _parameter, text: convert(text)


_OPTIONS: Sequence[Callable[[Command], Command]] = (
    click.argument("paths", nargs=-1, metavar="[PATH]..."),
    click.option(
        "--rank", metavar="N[,N-M]", callback=_through(as_ranks), help="Only these ranks."
    ),
    click.option("--dialect", metavar="NAME", help="Read as this dialect only."),
    click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Configuration. [default: trainwatch.toml, searched upward]",
    ),
    click.option(
        "--now",
        metavar="TIME",
        callback=_through(as_moment),
        help="Judge as of that moment.",
    ),
)
