"""`trainwatch export`: the parsed records as tables."""

from pathlib import Path

import click

from trainwatch.cli.options import Selection, reading

TABLES = ("steps", "evals", "events", "epochs", "system", "alerts")
FORMATS = ("jsonl", "csv", "parquet")


@click.command("export")
@reading
@click.option("--table", type=click.Choice(TABLES), default="steps", show_default=True)
@click.option("--format", "form", type=click.Choice(FORMATS), default="jsonl", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="The same as --format jsonl.")
def command(
    selection: Selection, table: str, form: str, output: Path | None, as_json: bool
) -> None:
    """Write the parsed records, one a line, in file order."""
    from trainwatch.cli.exporting import export  # noqa: PLC0415 - brings all that reading needs

    export(selection, table, "jsonl" if as_json else form, output)
