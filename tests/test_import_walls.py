"""The walls at run time: what a process has loaded after an import, not what a file says.

import-linter reads the code (`make lint`); these tests see what it cannot: lazy imports, and what
the libraries themselves load.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from trainwatch.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "trainwatch"
CORE = (
    "errors",
    "events",
    "samples",
    "saves",
    "formats",
    "parsing",
    "model",
    "health",
    "diagnose",
    "engine",
    "paging",
)

SCREEN = {"textual", "rich", "plotext"}
HEAVY = {"torch", "pandas", "numpy", "textual", "plotext", "watchdog", "pyarrow"}
OUTSIDE_THE_CORE = {"textual", "watchdog", "pandas", "psutil", "pynvml", "torch", "rich", "click"}

_MARK = "\nloaded "
_REPORT = f"sys.stderr.write({_MARK!r} + ' '.join(set(sys.modules) - before))"


def modules(part: str) -> list[str]:
    """Every module of a part of the package."""
    files = sorted((PACKAGE / part).rglob("*.py")) or [PACKAGE / f"{part}.py"]
    names = (".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)
    return [name.removesuffix(".__init__") for name in names]


def loaded(code: str) -> set[str]:
    """What some code loads in a new interpreter: top-level packages, and trainwatch's own parts."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\n{_REPORT}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    names = done.stderr.rpartition(_MARK)[2].split()
    own = {".".join(name.split(".")[:2]) for name in names if name.startswith("trainwatch.")}
    return own | {name.partition(".")[0] for name in names}


def after_import(*names: str) -> set[str]:
    return loaded("import " + ", ".join(names))


def after_command(*arguments: str) -> set[str]:
    call = f"try: main({list(arguments)})\nexcept SystemExit: pass"
    return loaded(f"from trainwatch.cli.main import main\n{call}")


def test_the_core_loads_nothing_that_acts() -> None:
    found = after_import(*(name for part in CORE for name in modules(part)))
    assert not found & OUTSIDE_THE_CORE
    own = {name.removeprefix("trainwatch.") for name in found if name.startswith("trainwatch.")}
    assert own == set(CORE)


def test_the_vocabulary_loads_only_the_standard_library() -> None:
    found = after_import("trainwatch.events", "trainwatch.errors")
    own = {"trainwatch", "trainwatch.events", "trainwatch.errors"}
    assert found - own <= sys.stdlib_module_names


def test_the_supervisor_loads_only_the_standard_library() -> None:
    found = after_import("trainwatch.supervise.__main__")
    parts = ("supervise", "events", "errors", "signs", "temporary")
    own = {"trainwatch", *(f"trainwatch.{part}" for part in parts)}
    assert found - own <= sys.stdlib_module_names


def test_the_rest_of_supervise_and_runner_do_not_draw() -> None:
    found = after_import(*modules("supervise"), *modules("runner"))
    assert not found & {*HEAVY, *SCREEN, "trainwatch.tui", "trainwatch.engine"}


def test_the_sampler_stays_small() -> None:
    found = after_import("trainwatch.telemetry.__main__")
    own = {"trainwatch", "trainwatch.telemetry", "trainwatch.samples", "trainwatch.temporary"}
    assert found - own - sys.stdlib_module_names <= {"psutil", "pynvml"}


def test_finding_logs_needs_no_alarm_clock() -> None:
    assert not after_import("trainwatch.sources") & {*HEAVY, *SCREEN, "psutil", "click"}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("-h",), ()])
def test_first_words_are_quick(arguments: tuple[str, ...]) -> None:
    own = {"trainwatch", "trainwatch.cli", "trainwatch.errors"}
    engine = {"trainwatch.parsing", "trainwatch.parsing.native", "trainwatch.parsing.native._scan"}
    if arguments == ("--version",):  # it says which engine is in use
        own |= engine
    assert after_command(*arguments) - own - sys.stdlib_module_names == {"click"}


@pytest.mark.parametrize("command", ["run", "ps", "stop"])
def test_commands_that_read_no_log_load_no_reader(command: str) -> None:
    found = after_command(command, "--help")
    assert not found & {*HEAVY, *SCREEN, "trainwatch.engine", "trainwatch.sources"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_is_quick(command: str) -> None:
    found = after_command(command, "--help")
    assert not found & {*HEAVY, *SCREEN, "trainwatch.events", "trainwatch.engine"}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_load_screen_and_tables_only_when_they_show_them(command: str) -> None:
    assert not after_import(f"trainwatch.cli.{command}") & {*SCREEN, "pandas", "torch", "pyarrow"}


def test_every_package_stands_behind_a_wall() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = [layer for contract in contracts for layer in contract.get("layers", ())]
    walled = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    parts = {path.stem for path in PACKAGE.glob("[!_]*.py")}
    parts |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {f"trainwatch.{part}" for part in parts} <= walled
