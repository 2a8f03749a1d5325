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

MAX_BYTES = 64 << 20
"""Bytes of a file that a test looks at."""


@click.group("formats", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """List the known log formats, or test them on a file."""
    if context.invoked_subcommand is None:
        context.invoke(list_formats)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_formats(as_json: bool = False) -> None:
    """List the dialects."""
    from trainwatch.formats import DIALECTS  # noqa: PLC0415

    if as_json:
        dialects = [_document(dialect) for dialect in DIALECTS]
        click.echo(json.dumps({"schema": 1, "dialects": dialects}, ensure_ascii=False, indent=1))
        return
    for dialect in DIALECTS:
        count = len(dialect.formats)
        click.echo(f"{dialect.name:14} {count:3} line formats   {dialect.title}")


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show the line formats of a dialect, with their sample lines."""
    from trainwatch.formats import DIALECTS  # noqa: PLC0415

    found = next((dialect for dialect in DIALECTS if dialect.name == name), None)
    if found is None:
        names = ", ".join(dialect.name for dialect in DIALECTS)
        raise UsageError(f"there is no dialect {name!r}; known are {names}")
    click.echo(f"{found.name}: {found.title}")
    for line in found.formats:
        click.echo(f"\n{line.name}  ({line.kind.value})\n  {line.template}")
        for sample in line.samples:
            click.secho(f"  | {sample.text}", dim=True)


@command.command("test")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dialect", metavar="NAME", help="Read as this dialect only.")
@click.option("--limit", default=200, show_default=True, metavar="N", help="Lines to show.")
def test(file: Path, dialect: str | None, limit: int) -> int:
    """Show what is understood of FILE, line by line, and what is not.

    Exit code: 0 when a record was recognised, 3 when none was.
    """
    from trainwatch.report.understanding import Understanding, understand  # noqa: PLC0415

    total = Understanding()
    for line in understand(file.name, _read(file), dialect):
        total.add(line)
        if line.number <= limit:
            counts = Counter(line.formats)
            mark = ", ".join(f"{n} × {name}" if n > 1 else name for name, n in counts.items())
            colour = "green" if line.recognised else ("red" if mark else None)
            label = click.style(f"{mark:28.28}", fg=colour)
            click.echo(f"{line.number:7} {label} {safe_text(line.text[:500])}")
    if total.lines > limit:
        click.echo(f"… {total.lines - limit} more lines; --limit {total.lines} shows them")
    click.echo("")
    for name, count in total.formats.most_common():
        click.echo(f"{count:7} {name}")
    click.echo(f"{total.not_understood:7} lines not understood, of {total.lines}")
    return ExitCode.OK if total.formats else ExitCode.NOTHING_TO_READ


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
                "template": line.template,
                "samples": [sample.text for sample in line.samples],
            }
            for line in dialect.formats
        ],
    }
