"""What a view may ask of a run besides its end."""

from __future__ import annotations

from pathlib import Path

from trainwatch.errors import RunError, TrainwatchError
from trainwatch.runner.launch import Wish, launch
from trainwatch.supervise.process import Delivery, find, send
from trainwatch.supervise.record import RunRecord, read_record
from trainwatch.supervise.standing import require_here
from trainwatch.supervise.stop import require_ours
from trainwatch.supervise.wakeups import AGAIN


def restart(run_dir: Path | str) -> str:
    """Starts a training again; one sentence on the outcome.

    While it runs, its supervisor ends the attempt and starts the next one. When it is over, it is
    started anew under the same id in the same directory; the earlier run is moved aside.
    """
    try:
        root = Path(run_dir).resolve()
        require_ours(root)
        record = read_record(root)
        require_here(record)
        if record.ended is None and find(record.supervisor):
            return _ask(record)
        return _anew(root, record)
    except TrainwatchError as error:
        return str(error)


def _ask(record: RunRecord) -> str:
    if send(record.supervisor, AGAIN) is not Delivery.SENT:
        raise RunError(
            f"the supervisor of {record.id} cannot be asked: it belongs to somebody else."
        )
    return f"{record.id} is being ended and started again as attempt {len(record.attempts) + 1}."


def _anew(root: Path, record: RunRecord) -> str:
    run = launch(
        Wish(
            command=record.command,
            exp_id=record.id,
            run_dir=root,
            cwd=Path(record.cwd),
            stop_timeout=record.stop_timeout,
            restarts=record.restarts,
            guard=record.guard,
        )
    )
    run.let_go()
    lacking = ""
    if record.variables:
        names = ", ".join(record.variables)
        lacking = f" The variables that --env had set are not known any more: {names}."
    return f"{record.id} was started again as process {run.launcher}.{lacking}"
