"""A Slurm of one node for tests: its own daemons and its own munge, in a directory of the test's."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol", "squeue")

_CONFIGURATION = """
ClusterName=trainwatch
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=1000 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """What a test on Slurm lacks here."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return lacking if os.getuid() == 0 else [*lacking, "root"]


class Slurm:
    """One cluster, and its commands."""

    def __init__(self, place: Path) -> None:
        """Starts it and waits until its node is idle."""
        self.place = place
        place.chmod(0o755)
        for name in ("state", "spool"):
            (place / name).mkdir()
        key = place / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        host = socket.gethostname().split(".")[0]
        text = _CONFIGURATION.format(host=host, place=place, ports=_ports(), cores=os.cpu_count())
        (place / "slurm.conf").write_text(text)
        self.env = {**os.environ, "SLURM_CONF": str(place / "slurm.conf")}
        files = [
            f"--{name}={place}/munge.{end}"
            for name, end in (
                *(("socket", "socket"), ("key-file", "key"), ("pid-file", "pid")),
                *(("seed-file", "seed"), ("log-file", "log")),
            )
        ]
        self("munged", "--force", *files)
        self("slurmctld")
        self("slurmd", "-N", host)
        _until(lambda: "idle" in self("sinfo", "-h", "-o", "%T"))

    def __call__(self, *argv: str) -> str:
        """Runs one of its commands; what it prints."""
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def submit(self, script: Path, *options: str, **env: str) -> str:
        """Submits a job; its id."""
        done = subprocess.run(
            ["sbatch", "--parsable", *options, str(script)],
            env={**self.env, **env},
            cwd=script.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def job(self, job: str) -> dict[str, str]:
        """What `scontrol show job` says."""
        return dict(re.findall(r"(\w+)=(\S*)", self("scontrol", "show", "job", job)))

    def ended(self, job: str, seconds: float = 90.0) -> dict[str, str]:
        """The same, once the job is over."""
        states = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"}
        _until(lambda: self.job(job).get("JobState") in states, seconds)
        return self.job(job)

    def close(self) -> None:
        """Ends its jobs and its daemons."""
        self("scancel", "--user=root")
        for name in ("slurmd", "slurmctld", "munge"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.place / f"{name}.pid").read_text()), signal.SIGTERM)


def _ports() -> list[int]:
    sockets = [socket.socket() for _ in range(2)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _until(condition: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "Slurm did not come so far in time"
        time.sleep(0.1)
