"""The table [run] of the configuration."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from trainwatch.cli.run import _wish
from trainwatch.cli.run import command as run_command
from trainwatch.errors import UsageError
from trainwatch.runner.launch import Wish


def wish_of(directory: Path, text: str, *arguments: str) -> Wish:
    (directory / "sub").mkdir(exist_ok=True)
    path = directory / "sub" / "trainwatch.toml"
    path.write_text(text)
    context = run_command.make_context("run", ["--config", str(path), *arguments, "--", "true"])
    return _wish(context.params)


def test_a_file_says_what_the_command_line_says(tmp_path: Path) -> None:
    wish = wish_of(
        tmp_path,
        '[run]\nexp-id = "x"\nmax-attempts = 5\nuntil-exists = "out/model.bin"\n'
        'logs = ["logs", "/abs"]\nhealth_time = 600\nenv = { A = "b=c", N = 3 }\nno-probe = true\n'
        "[health]\nloss_growth = 50\n",
        *("--max-attempts", "2"),
    )
    assert (wish.exp_id, wish.restarts.attempts, wish.guard.health_time) == ("x", 2, 600.0)
    assert wish.restarts.until == (str(tmp_path / "sub" / "out/model.bin"),)
    assert wish.logs == (tmp_path / "sub" / "logs", Path("/abs"))
    assert wish.environment == {"A": "b=c", "N": "3"}
    assert not wish.guard.probe
    assert wish.guard.config == str(tmp_path / "sub" / "trainwatch.toml")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[run]\nmax-atempts = 3", "unknown key run.max-atempts; known are"),
        ("run = 3", "write \\[run\\]"),
        ("[run]\nno-probe = 3", "true or false"),
        ("[run]\nexp-id = [1]", "one value"),
        ("[run]\nenv = 3", "must be a table"),
        ("[run]\nenv = { A = true }", "line 2: the values of run.env must be words"),
        ("[run]\nhealth-time = true", "line 2: run.health-time must be a value"),
        ("[run]\nthen = true", "line 2: run.then must be a value"),
        ("[run", "no valid|not valid TOML"),
        ("[run]\nexp-id = 'x'\nhealth-time = 'soon'", "line 3: run.health-time: "),
        ("[run]\nconsole-limit = '12Q'", "line 2: run.console-limit: .* is no size"),
        ("[run]\n[health]\n\nloss_growth = -1", "line 4: health.loss_growth = -1 must be"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises((UsageError, click.UsageError), match=word):
        wish_of(tmp_path, text)
