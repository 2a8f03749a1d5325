"""`trainwatch formats`: which log formats are known, and what is understood of a file."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainwatch.errors import ExitCode, NothingToReadError, UsageError
from trainwatch.report.safe import safe_text

if TYPE_CHECKING:
    from trainwatch.formats import Dialect
    from trainwatch.report.understanding import Understood

MAX_BYTES = 64 << 20
"""Bytes of a file that a test looks at."""

_SHOWN = 500
"""Characters of a line that are shown."""

_CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration with formats of your own. [default: trainwatch.toml, searched upward]",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group("formats", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List the known log formats, test them on a file, or propose one for it."""
    if context.invoked_subcommand is None:
        context.invoke(show_list, as_json=False, config=None)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@_CONFIG
def show_list(as_json: bool, config: Path | None) -> None:
    """List the dialects; your own come first."""
    dialects = _dialects(config)
    if as_json:
        document = {"schema": 1, "dialects": [_document(dialect) for dialect in dialects]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=1))
        return
    for dialect in dialects:
        count = len(dialect.formats) + len(dialect.records)
        click.echo(f"{dialect.name:20} {count:3} formats   {dialect.title}")


@command.command("show")
@click.argument("name")
@_CONFIG
def show(name: str, config: Path | None) -> None:
    """Show the line formats of a dialect, with their sample lines."""
    dialects = _dialects(config)
    found = next((dialect for dialect in dialects if dialect.name == name), None)
    if found is None:
        names = ", ".join(dialect.name for dialect in dialects)
        raise UsageError(f"there is no dialect {name!r}; known are {names}")
    click.echo(f"{found.name}: {found.title}")
    for line in found.formats:
        click.echo(f"\n{line.name}  ({line.kind.value})\n  {line.pattern or line.template}")
        for sample in line.samples:
            click.secho(f"  | {sample.text}", dim=True)
    for record in found.records:
        click.echo(f"\n{record.name}  ({record.shape.value})\n  {_described(record.keys)}")
        for sample in record.samples:
            for text in sample.text.splitlines():
                click.secho(f"  | {safe_text(text)}", dim=True)


@command.command("test")
@_FILE
@click.option("--dialect", metavar="NAME", help="Read as this dialect only.")
@click.option("--limit", default=200, show_default=True, metavar="N", help="Lines to show.")
@_CONFIG
def test(file: Path, dialect: str | None, limit: int, config: Path | None) -> int:
    """Show what is understood of FILE, line by line, and what is not.

    A line is followed by the values that were read from it. Exit code: 0 when a record was
    recognised, 3 when none was.
    """
    from trainwatch.report.understanding import Understanding, understand  # noqa: PLC0415

    total = Understanding()
    for line in understand(file.name, _read(file), dialect, _own(config)):
        total.add(line)
        if line.number <= limit:
            _show(line)
    if total.lines > limit:
        click.echo(f"… {total.lines - limit} more lines; --limit {total.lines} shows them")
    click.echo("")
    for name, count in total.formats.most_common():
        click.echo(f"{count:7} {name}")
    click.echo(f"{total.not_understood:7} lines not understood, of {total.lines}")
    _suggest(file, total.left)
    return ExitCode.OK if total.formats else ExitCode.NOTHING_TO_READ


@command.command("new")
@_FILE
@click.option("--name", default="mine", show_default=True, help="Name of the format.")
def new(file: Path, name: str) -> int:
    """Propose a format for FILE, as a table to paste into trainwatch.toml.

    Exit code: 0 when there is something to propose, 3 when no lines of FILE look like the steps of
    a training.
    """
    from trainwatch.report.proposal import as_toml, propose  # noqa: PLC0415

    found = propose(_read(file).decode(errors="replace").splitlines())
    if not found:
        raise NothingToReadError(
            f"no lines of {file} look like the steps of a training: none of those that repeat "
            "has a number that rises and a value beside it"
        )
    click.echo(as_toml(name, found), nl=False)
    return ExitCode.OK


def _show(line: "Understood") -> None:
    counts = Counter(line.formats)
    mark = ", ".join(f"{n} × {name}" if n > 1 else name for name, n in counts.items())
    colour = "green" if line.recognised else ("red" if mark else None)
    label = click.style(f"{mark:28.28}", fg=colour)
    click.echo(f"{line.number:7} {label} {safe_text(line.text[:_SHOWN])}")
    for values in line.values:
        text = " · ".join(f"{name} {value}" for name, value in values.items())
        click.secho(f"{'':36} → {safe_text(text[:_SHOWN])}", fg="cyan")


def _suggest(file: Path, left: list[str]) -> None:
    """What to do about the lines that look like steps and were not understood."""
    from trainwatch.report.proposal import propose  # noqa: PLC0415

    best = next(iter(propose(left)), None)
    if best is None:
        return
    click.echo("")
    click.echo(f"{best.count} lines that were not understood look like steps. A template for them:")
    click.secho(f"  {safe_text(best.template)}", fg="yellow")
    click.echo(f"as a format of your own: trainwatch formats new {file} >> trainwatch.toml")


def _dialects(config: Path | None) -> "tuple[Dialect, ...]":
    from trainwatch.formats import DIALECTS  # noqa: PLC0415

    return (*_own(config), *DIALECTS)


def _own(config: Path | None) -> "tuple[Dialect, ...]":
    from trainwatch.cli.config import load_config  # noqa: PLC0415

    return load_config(config).dialects


def _described(keys: frozenset[str]) -> str:
    return f"has {', '.join(sorted(keys))}" if keys else "known by its beginning"


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES)
    except OSError as error:
        raise NothingToReadError(f"{file} cannot be read: {error.strerror}") from None


def _document(dialect: "Dialect") -> dict[str, object]:
    return {
        "name": dialect.name,
        "title": dialect.title,
        "formats": [
            {
                "name": line.name,
                "kind": line.kind.value,
                "template": line.template or None,
                "pattern": line.pattern,
                "samples": [sample.text for sample in line.samples],
            }
            for line in dialect.formats
        ],
        "records": [
            {
                "name": record.name,
                "shape": record.shape.value,
                "keys": sorted(record.keys),
                "samples": [sample.text for sample in record.samples],
            }
            for record in dialect.records
        ],
    }
