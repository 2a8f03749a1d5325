"""`formats new` proposes a format that can be pasted and then really reads the file."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, trainwatch

__all__ = ["trainwatch"]


def steps(template: str, count: int = 12) -> str:
    return "".join(
        template.format(
            e=n // 4 + 1, b=(n % 4) * 10, s=n * 10, l=2.5 / (n + 1), lr=1e-3 * 0.9**n, p=n % 4 * 25
        )
        + "\n"
        for n in range(count)
    )


HOMEMADE = {
    "words": ("round no {s} gave a badness of {l:.4f} at pace {lr:.2e}", {"step": 110}),
    "an epoch and a fraction": (
        "2024-01-02 03:04:05,678 [INFO] ep: train Epoch {e}/3 <{b:3d} of 40> Train Loss = {l:.5f};",
        {"epoch": 3, "total_epochs": 3, "loss": 0.20833},
    ),
    "batches that begin anew": (
        "[E {e}] iter {b}/40 ~ total loss {l:.6f} ~ learning rate {lr:.3e} ~ Val Loss {l:.2f}",
        {"batch": 30, "total_batches": 40, "loss": 0.208333, "val_loss": 0.21},
    ),
    "padding and clocks": (
        "step {s:>6d}  took 00:0{e}:17  loss {l:9.4f}  {p:3d}%",
        {"step": 110, "loss": 0.2083},
    ),
    "quotes and backslashes": ('it "{s}" \\ loss {l:.3f}', {"step": 110, "loss": 0.208}),
}


@pytest.mark.parametrize(("template", "last"), HOMEMADE.values(), ids=HOMEMADE.keys())
def test_a_proposal_can_be_pasted_and_works(
    trainwatch: Run, template: str, last: dict[str, float]
) -> None:
    Path("x.log").write_text("hello\n" + steps(template) + "bye 3\n")
    proposed = trainwatch("formats", "new", "x.log")
    assert proposed.code == 0
    Path("trainwatch.toml").write_text(proposed.out)

    rows = trainwatch("export", "x.log", "--dialect", "mine").rows
    assert len(rows) == 12
    assert {name: rows[-1][name] for name in last} == last


def test_the_test_of_a_file_suggests_it(trainwatch: Run) -> None:
    Path("x.log").write_text(steps(HOMEMADE["words"][0]))
    answer = trainwatch("formats", "test", "x.log", "--dialect", "chinese")

    assert "12 lines that were not understood look like steps" in answer.out
    assert "round no {step:int} gave a" in answer.out
    assert "trainwatch formats new x.log" in answer.out


@pytest.mark.parametrize(
    "text", ["", "nothing here\n" * 9, "port 80 open\nport 81 open\nport 82 open\n"]
)
def test_nothing_is_proposed_for_what_is_no_training(trainwatch: Run, text: str) -> None:
    Path("x.log").write_text(text)
    answer = trainwatch("formats", "new", "x.log")

    assert (answer.code, answer.out) == (3, "")
    assert "x.log" in answer.err


def test_hostile_lines_are_never_proposed(trainwatch: Run) -> None:
    Path("x.log").write_text(steps("\x1b[31mstep {s} loss {l:.4f} {{x}} \x07"))
    assert trainwatch("formats", "new", "x.log").code == 3
