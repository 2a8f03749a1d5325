"""One overview, printed."""

from tests.cli.conftest import Run, Sample


def test_attach_once_prints_one_overview_and_ends(trainwatch: Run, sample: Sample) -> None:
    answer = trainwatch("attach", "--once", sample("nan"))

    assert answer.code == 0
    first, *rest = answer.out.splitlines()
    assert first.split()[0] == "COMPLETED"
    assert any("loss is NaN since epoch 2 step 15" in line for line in rest)
    assert any(line.startswith("ranks") for line in rest)
    assert "\x1b" not in answer.out


def test_attach_once_of_nothing_says_so(trainwatch: Run) -> None:
    answer = trainwatch("attach", "--once", "nowhere")

    assert (answer.code, answer.out) == (3, "")
    assert "nowhere does not exist" in answer.err
