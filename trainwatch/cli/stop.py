"""`trainwatch stop RUN`."""

from __future__ import annotations

import click


@click.command("stop")
@click.argument("run")
def command(run: str) -> None:
    """End a run and everything that belongs to it.

    RUN is an exp id or a run directory. Returns when the training and its supervisor are gone;
    exits with 1 and names what survived when something did. The launcher gets SIGTERM, what is
    left after the run's stop timeout gets SIGKILL.
    """
    from trainwatch.runner.words import say  # noqa: PLC0415
    from trainwatch.supervise.registry import find_run  # noqa: PLC0415
    from trainwatch.supervise.stop import stop_run  # noqa: PLC0415

    stopped = stop_run(find_run(run), note=say)
    record = stopped.record
    code = "not known" if record.exit_code is None else record.exit_code
    if stopped.was_over:
        say(f"{record.id} is over already (exit code {code}); nothing of it is left.")
    else:
        say(f"{record.id} has ended (exit code {code}); nothing of it is left.")
