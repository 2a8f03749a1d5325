"""`trainwatch report`: metrics.csv, summary.json, report_draft.md, report.html."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainwatch.cli.options import Selection, reading
from trainwatch.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from trainwatch.diagnose import Diagnosis
    from trainwatch.events import Parsed
    from trainwatch.model.snapshot import RunView
    from trainwatch.report.collector import Collector
    from trainwatch.report.history import History

_NOT_IN_A_NAME = re.compile(r"[^\w.+=@-]+")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class _Result:
    """All that the files are made of."""

    exp_id: str
    view: "RunView"
    history: "History"
    collected: "Collector"
    diagnosis: "Diagnosis"


@click.command("report")
@reading
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the files go. [default: results/<exp-id>/ of the run directory, or here]",
)
@click.option(
    "--print", "as_plots", is_flag=True, help="Plots in the terminal; no file is written."
)
@click.option("--prompt", "as_prompt", is_flag=True, help="A short text for a language model only.")
@click.option("--json", "as_json", is_flag=True, help="Print summary.json as well.")
def command(
    selection: Selection, output: Path | None, as_plots: bool, as_prompt: bool, as_json: bool
) -> int:
    """Write the results of a run: metrics.csv, summary.json, report_draft.md, report.html."""
    if as_plots + as_prompt + as_json > 1:
        raise UsageError("--print, --prompt and --json exclude each other; give one of them")
    result = _read(selection)
    if as_plots:
        from trainwatch.report.plots import print_plots  # noqa: PLC0415

        print_plots(result.exp_id, result.view, result.history)
        return ExitCode.OK
    if as_prompt:
        from trainwatch.report.results import prompt  # noqa: PLC0415

        click.echo(prompt(result.exp_id, result.view, result.history), nl=False)
        return ExitCode.OK
    from trainwatch.cli.paths import chosen_paths  # noqa: PLC0415
    from trainwatch.report.writing import make_directory  # noqa: PLC0415

    target = output
    if target is None:
        target = _default_output(chosen_paths(selection.paths), result.exp_id)
        make_directory(target.parent)
    make_directory(target)
    summary = _write(target, result)
    click.echo(summary if as_json else f"{target}", nl=not as_json)
    return ExitCode.OK


def _read(selection: Selection) -> _Result:
    """Read everything once; of processes only what was written down about them counts."""
    from trainwatch.cli.diagnosing import viewpoint  # noqa: PLC0415 - all of them heavy
    from trainwatch.cli.evidence import gather_files  # noqa: PLC0415
    from trainwatch.cli.reading import chosen_paths, read_all  # noqa: PLC0415
    from trainwatch.cli.saves import saves_of  # noqa: PLC0415
    from trainwatch.cli.stacks import stored  # noqa: PLC0415
    from trainwatch.diagnose import Gathering, diagnose  # noqa: PLC0415
    from trainwatch.model.course import attempt_begins  # noqa: PLC0415
    from trainwatch.report.collector import Collector  # noqa: PLC0415

    paths = chosen_paths(selection.paths)
    gathering, collected = Gathering(), Collector(selection.wants)
    gather_files(paths, gathering)
    for earlier in stored(paths):
        gathering.take_look(earlier)

    def listen(parsed: "Parsed") -> None:
        gathering.take(parsed)
        collected.take(parsed)

    read = read_all(selection, listen, gathering.see, lambda: gathering.telling)
    engine = read.engine
    engine.saves = saves_of(paths, engine.info)
    view = engine.snapshot(problems=read.problems)
    found = diagnose(engine.run, engine.info, viewpoint(selection.now), engine.config, gathering)
    history = collected.history(
        lambda base, who: attempt_begins(engine.run, base, who, engine.info)
    )
    return _Result(exp_id(view, paths), view, history, collected, found)


def exp_id(view: "RunView", paths: Iterable[str]) -> str:
    """The run's id, else a name made of what was read."""
    if view.info.id and view.info.id == Path(view.info.id).name:  # a file name, as `run` makes them
        return view.info.id
    first = Path(next(iter(paths))).absolute()
    name = first.stem if first.suffix and not first.is_dir() else first.name
    return _NOT_IN_A_NAME.sub("_", name).strip("._-")[:_LONGEST] or "run"


def _default_output(paths: list[str], name: str) -> Path:
    """`results/<exp-id>` in the run directory; beside the user where the logs are of no run."""
    run = Path(paths[0])
    root = run if len(paths) == 1 and (run / "run.json").is_file() else Path()
    return root / "results" / name


def _write(target: Path, result: _Result) -> str:
    from trainwatch.cli.diagnosing import is_fine  # noqa: PLC0415
    from trainwatch.report.draft import report_draft  # noqa: PLC0415
    from trainwatch.report.page import page  # noqa: PLC0415
    from trainwatch.report.results import csv_lines, summary_document  # noqa: PLC0415
    from trainwatch.report.writing import write_file  # noqa: PLC0415

    name, view, history, found = result.exp_id, result.view, result.history, result.diagnosis
    summary = json.dumps(summary_document(name, view, history), indent=1) + "\n"
    said = None if is_fine(found) else found.summary + "."
    files: list[tuple[str, Iterable[str]]] = [
        ("metrics.csv", csv_lines(history)),
        ("summary.json", [summary]),
        ("report_draft.md", [report_draft(name, view, history, said)]),
        ("report.html", page(name, view, history, result.collected, found)),
    ]
    for file, parts in files:
        write_file(target / file, parts)
    return summary
