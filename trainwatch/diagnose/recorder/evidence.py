"""What the dumps of all ranks prove, and what they leave open.

The recorder tells positions, not durations: a healthy job that is caught in the middle of a step
looks like one that has hung there. Whoever knows that the job does not move, or that a finding's
`since_ns` is long ago, may call a finding a fault.
"""

from dataclasses import dataclass
from enum import StrEnum

from trainwatch.diagnose.recorder.dump import Form, Frame, State


class Confidence(StrEnum):
    """How sure a finding is of the ranks it names."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"

    @property
    def order(self) -> int:
        """0 for the surest."""
        return list(Confidence).index(self)


class Kind(StrEnum):
    """What was found."""

    MISSING = "missing"
    """Others wait in a call that these ranks have not made."""
    EXTRA = "extra"
    """These ranks made a call that most others have not made."""
    MISMATCH_OP = "mismatch_op"
    """These ranks made another call under the same number."""
    MISMATCH_SIZES = "mismatch_sizes"
    MISMATCH_DTYPE = "mismatch_dtype"
    UNEVEN = "uneven"
    """A mismatch at the border of an iteration: these ranks ran fewer or more of them."""
    STUCK = "stuck"
    """These ranks are inside a call that others have finished, or have begun on their devices."""
    CROSSED = "crossed"
    """These ranks wait for each other in different calls."""
    PENDING = "pending"
    """All are inside the same call and nobody is missing."""
    LATE = "late"
    """These ranks come to their calls later than the others, again and again."""
    UNDECIDED = "undecided"
    """The dumps do not tell, and `missing` says why."""


class Outcome(StrEnum):
    """What all of it comes to."""

    FAULT = "fault"
    LATE = "late"
    PENDING = "pending"
    QUIET = "quiet"
    """No recorded call is open: whatever is wrong, it is in none of them."""
    UNDECIDED = "undecided"


class Where(StrEnum):
    """How a rank stands to the call that a finding is about."""

    WAITS = "waits"
    ABSENT = "absent"
    DIFFERS = "differs"
    FINISHED = "finished"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one rank stands: the call that it is in, or the last one it made.

    Attributes:
        op: None, as all that follows, when nothing of the rank is recorded.
        source: The line of the training, or of the library when no other is known.
        frames: The stack of the call, innermost first; empty in JSON dumps.
    """

    rank: int
    where: Where
    seq: int | None = None
    op: str | None = None
    state: State | None = None
    finished: bool | None = None
    created_ns: int | None = None
    source: Frame | None = None
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        ranks: Global ranks that it accuses; those nobody can tell apart when it is UNDECIDED;
            none when it is PENDING.
        waiting: Those who suffer from it.
        members: All ranks of the process group, as far as they are known.
        sentence: One sentence for people.
        refute: What would show it wrong.
        missing: Evidence that was not there, and how to have it next time.
        since_ns: When the first of those who wait made the call, on that rank's clock.
        timeout_ms: After how long the library gives up on the call.
        root: False when it only follows from another finding, or explains less than another.
        also: Other groups in which the same was found of the same ranks.
        category: A category of `diagnose` that it speaks for, when there is one.
    """

    kind: Kind
    ranks: tuple[int, ...]
    waiting: tuple[int, ...]
    group: str
    members: tuple[int, ...]
    op: str | None
    seq: int | None
    confidence: Confidence
    sentence: str
    refute: str
    stands: tuple[Stand, ...] = ()
    missing: tuple[str, ...] = ()
    since_ns: int | None = None
    timeout_ms: int | None = None
    root: bool = True
    also: tuple[str, ...] = ()
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late a rank comes to the calls of a group, in seconds behind the first rank there.

    Attributes:
        offset: Seconds by which its clock was taken to be ahead and that were subtracted; 0.0 when
            the clocks were taken to agree.
    """

    rank: int
    group: str
    calls: int
    mean: float
    median: float
    worst: float
    offset: float


@dataclass(frozen=True, slots=True)
class DumpFile:
    """A file that was read; `used` is False when another one of the same rank was better."""

    file: str
    rank: int | None
    form: Form
    version: str | None
    entries: int
    used: bool


@dataclass(frozen=True, slots=True)
class RecorderEvidence:
    """All of it.

    Attributes:
        accused: Ranks that a root finding names, surely or likely.
        suspects: Ranks that are only possibly at fault.
        victims: Ranks that wait for others.
        ranks: Ranks whose dumps were read; `absent` are those that should exist and were not.
        findings: The causes first, then the surest.
        stands: Where each rank stands: in its oldest open call, else at its last one.
        unreadable: One sentence for each file that could not be read.
        libraries: That made the calls, such as `nccl` and `gloo`.
        missing: Evidence that was not there, and how to have it next time.
    """

    outcome: Outcome
    accused: tuple[int, ...]
    suspects: tuple[int, ...]
    victims: tuple[int, ...]
    ranks: tuple[int, ...]
    absent: tuple[int, ...]
    findings: tuple[Finding, ...]
    lateness: tuple[Lateness, ...]
    stands: tuple[Stand, ...]
    files: tuple[DumpFile, ...]
    unreadable: tuple[str, ...]
    missing: tuple[str, ...]
    libraries: frozenset[str] = frozenset()
