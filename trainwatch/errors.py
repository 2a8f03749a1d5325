"""The exceptions a user can meet, and the exit codes that scripts rely on.

* TrainwatchError
  + UsageError            the command line or the configuration is wrong
  + NothingToReadError    no such path, no readable log, no recognised record
  + RunError              a training could not be started, stopped or found

Each carries one sentence for the user: what is wrong, where, and what to do. The command line
prints that sentence on stderr and exits with the code; nothing else does.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the readers and of `run` (a training's own code passes through)."""

    OK = 0
    PROBLEM = 1
    USAGE = 2
    NOTHING_TO_READ = 3
    GATE_FAILED = 64
    ATTEMPTS_EXHAUSTED = 65


class TrainwatchError(Exception):
    """The base of everything that trainwatch raises on purpose."""

    exit_code = ExitCode.PROBLEM


class UsageError(TrainwatchError):
    """The command line or the configuration is wrong; nothing was started."""

    exit_code = ExitCode.USAGE


class NothingToReadError(TrainwatchError):
    """There is no path, no readable file or no recognised record to work on."""

    exit_code = ExitCode.NOTHING_TO_READ


class RunError(TrainwatchError):
    """A training could not be started, stopped or found."""
