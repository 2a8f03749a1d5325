"""Logs of several jobs in one directory are told apart, so that no rank of one is another's peer.

What names no rank (a scheduler's log, the kernel's) belongs to the job beside whose logs it stands,
or to all.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.launches import Launch, group_launches, launches_of
from trainwatch.model.faults import Reports
from trainwatch.model.run import RunState


@dataclass(frozen=True, slots=True)
class Job:
    """One job of several.

    Attributes:
        name: What sets its logs apart: a directory, or the start in their names.
        run: What its logs alone say.
        gathering: Likewise.
        last: The newest time that they state.
    """

    name: str
    run: RunState
    gathering: Gathering
    last: float = 0.0


def split_jobs(run: RunState, gathering: Gathering) -> list[Job]:
    """The jobs whose logs these are; one in all but rare cases."""
    groups = group_launches(launches_of(run, gathering))
    if len(groups) < 2:  # noqa: PLR2004 - one job
        return [Job(run_name(run), run, gathering)]
    own = [{base for launch in group for base in launch.bases} for group in groups]
    jobs = []
    for group, bases in zip(groups, own, strict=True):
        foreign = set().union(*own) - bases
        keep = {base for base in run.files if base not in foreign and _near(base, group, groups)}
        last = max(launch.last or 0.0 for launch in group)
        jobs.append(Job(_name(group), _part_of_run(run, keep), _part(gathering, keep), last))
    return jobs


def run_name(run: RunState) -> str:
    """The directory of a run's logs."""
    return next(iter(sorted(run.files)), "")


def _near(base: str, group: list[Launch], groups: list[list[Launch]]) -> bool:
    """Whether a log without a rank belongs to a group: it stands beside it, or beside none."""
    beside = [some for some in groups if any(_stands_with(base, one) for one in some)]
    return not beside or group in beside


def _stands_with(base: str, launch: Launch) -> bool:
    return base in launch.bases or (
        bool(launch.key[0]) and PurePosixPath(base).is_relative_to(_top(launch.key[0]))
    )


def _top(directory: str) -> str:
    return directory.split("/", 1)[0]


def _name(group: list[Launch]) -> str:
    first = group[0].bases[0]
    return group[0].key[0] or first


def _part_of_run(run: RunState, bases: set[str]) -> RunState:
    part = RunState()
    part.files = {base: file for base, file in run.files.items() if base in bases}
    part.reports = Reports()
    for report in run.reports.kept:
        if report.base in bases:
            part.reports.add(report.event, report.base, report.attempt, report.order)
    return part


def _part(gathering: Gathering, bases: set[str]) -> Gathering:
    part = Gathering()
    part.logs = {base: log for base, log in gathering.logs.items() if base in bases}
    part.errors = list(gathering.errors)
    return part
