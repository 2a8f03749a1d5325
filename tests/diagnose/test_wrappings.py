"""Failures as log collectors, loggers and launchers wrap them: a time, a host, JSON, one long line."""

import json
from collections.abc import Callable

import pytest

from tests.diagnose.cases import accused, diagnosed
from tests.diagnose.scenarios import traceback
from tests.diagnose.unseen_more import OWN, STEPS
from trainwatch.diagnose import Verdict

OOM = traceback(1, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.17 GiB.", OWN)
RAISED = traceback(None, "KeyError: 'input_ids'", OWN, ("/w/data.py", "collate", "x = item[key]"))

Wrap = Callable[[str], str]


def before(label: str) -> Wrap:
    """A label before each line; `#` counts up."""
    return lambda text: "".join(
        f"{label.replace('#', str(10 + at))}{line}\n" for at, line in enumerate(text.splitlines())
    )


def docker(text: str) -> str:
    lines = [{"log": f"{line}\n", "stream": "stderr", "time": "2026-11-21T10:31:50.1Z"} for line in text.splitlines()]  # fmt: skip
    return "".join(json.dumps(line) + "\n" for line in lines)


WRAPPINGS: dict[str, Wrap] = {
    "journald": before("Nov 21 10:31:# a17 python[5001]: "),
    "kubectl logs --timestamps": before("2026-11-21T10:31:#.123456789Z "),
    "CRI": before("2026-11-21T10:31:#.123456789Z stderr F "),
    "ts": before("Nov 21 10:31:# "),
    "a time in brackets": before("[2026-11-21 10:31:#] "),
    "absl": before("E1121 10:31:#.101000 140 train.py:88] "),
    "docker compose": before("trainer-1  | "),
    "stern": before("train-worker-0 pytorch "),
    "Ray": before("(RayTrainWorker pid=5001, ip=10.1.0.4) "),
    "horovod": before("[1]<stderr>:"),
    "mpirun": before("[1,1]<stderr>:"),
    "pdsh": before("a17: "),
    "kubectl logs --prefix": before("[pod/train-0/pytorch] "),
    "an indent": before("    "),
    "colours": lambda text: "".join(f"\x1b[31m{line}\x1b[0m\n" for line in text.splitlines()),
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "docker's JSON": docker,
    "a logger of JSON": lambda text: json.dumps({"level": "ERROR", "msg": "failed", "exc_info": text}) + "\n",
    "one escaped line": lambda text: "2026-11-21 10:31:50 ERROR failed: " + text.replace("\n", "\\n") + "\n",
    "a bar before it": lambda text: " 12%|█▏   | 120/1000 [00:10<01:10, 12.1it/s]" + text,
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPINGS)
@pytest.mark.parametrize(
    ("text", "category"), [(OOM, "cuda_oom"), (RAISED, "user_exception")], ids=["oom", "exception"]
)
def test_a_wrapped_failure_is_told(name: str, text: str, category: str) -> None:
    found = diagnosed({"console.log": (STEPS + WRAPPINGS[name](text)).encode()})
    assert (found.verdict, found.category) == (Verdict.FAILED, category)
    assert accused(found) <= {1}


@pytest.mark.parametrize("name", ["journald", "CRI", "docker compose", "stern", "a logger of JSON"])
def test_the_line_is_found_behind_what_wraps_it(name: str) -> None:
    found = diagnosed({"console.log": (STEPS + WRAPPINGS[name](RAISED)).encode()})
    assert "KeyError in collate (data.py:41)" in found.summary


def test_lines_of_others_between_the_lines_of_a_traceback() -> None:
    text = before("Nov 21 10:31:# a17 python[5001]: ")(RAISED)
    other = "Nov 21 10:31:50 a17 kernel: eth0: link is up\n"
    mixed = "".join(f"{line}\n{other}" for line in text.splitlines())
    found = diagnosed({"messages": (STEPS + mixed).encode()})
    assert "KeyError in collate (data.py:41)" in found.summary


def test_what_general_rules_held_back_is_no_progress_behind_a_failure() -> None:
    """Two steps wait for the end of the log to be understood; they were written before all the same."""
    first = STEPS.splitlines(keepends=True)[:2]
    found = diagnosed({"console.log": ("".join(first) + RAISED).encode()})
    assert (found.verdict, found.category) == (Verdict.FAILED, "user_exception")
