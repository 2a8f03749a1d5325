"""What a diagnosis says: the contract's document as frozen types."""

from dataclasses import dataclass
from enum import StrEnum

from trainwatch.events import Evidence, Phase, RankId, Stamp
from trainwatch.model.snapshot import RankStatus


class Verdict(StrEnum):
    """What became of the run, or becomes of it now."""

    HEALTHY = "healthy"
    FINISHED = "finished"
    HANG = "hang"
    STRAGGLER = "straggler"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNDECIDED = "undecided"


class Category(StrEnum):
    """The sort of trouble."""

    DATALOADER_HANG = "dataloader_hang"
    DATALOADER_WORKER_KILLED = "dataloader_worker_killed"
    COLLECTIVE_TIMEOUT = "collective_timeout"
    COLLECTIVE_MISMATCH = "collective_mismatch"
    UNEVEN_INPUTS = "uneven_inputs"
    GLOO_TIMEOUT = "gloo_timeout"
    PEER_LOST = "peer_lost"
    DDP_UNUSED_PARAMS = "ddp_unused_params"
    RENDEZVOUS_TIMEOUT = "rendezvous_timeout"
    PORT_IN_USE = "port_in_use"
    NCCL_SETUP_OR_TRANSPORT = "nccl_setup_or_transport"
    ENV_MISMATCH = "env_mismatch"
    CUDA_OOM = "cuda_oom"
    CUDA_KERNEL_FAULT = "cuda_kernel_fault"
    GPU_HARDWARE = "gpu_hardware"
    HOST_OOM_KILL = "host_oom_kill"
    HOST_FREEZE = "host_freeze"
    SEGFAULT = "segfault"
    USER_EXCEPTION = "user_exception"
    LOSS_NAN_OR_SPIKE = "loss_nan_or_spike"
    LOSS_SCALE_COLLAPSE = "loss_scale_collapse"
    LR_ZERO = "lr_zero"
    LOSS_STAGNATION = "loss_stagnation"
    CHECKPOINT_STALL = "checkpoint_stall"
    CHECKPOINT_WRITE_FAILED = "checkpoint_write_failed"
    CHECKPOINT_CORRUPT = "checkpoint_corrupt"
    STRAGGLER = "straggler"
    SCHED_TIME_LIMIT = "sched_time_limit"
    SCHED_PREEMPT = "sched_preempt"
    EXTERNAL_SIGNAL = "external_signal"


class DiagnosedPhase(StrEnum):
    """Where in the life of a training it happened; None where the list has no name for it."""

    INIT = "init"
    DATA_LOADING = "data_loading"
    FORWARD = "forward"
    BACKWARD = "backward"
    OPTIMIZER = "optimizer"
    COLLECTIVE = "collective"
    TRAIN_TO_VALIDATION = "train_to_validation"
    VALIDATION = "validation"
    AFTER_VALIDATION = "after_validation"
    CHECKPOINT = "checkpoint"
    CHECKPOINT_LOAD = "checkpoint_load"
    TEARDOWN = "teardown"


class Confidence(StrEnum):
    """How sure the verdict is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Role(StrEnum):
    """What one rank has to do with it.

    `GUILTY` needs explicit evidence: a stack, a flight-recorder entry, an exception, a signal.
    Position alone makes a `SUSPECT`. A `VICTIM` waited for another or died of its death, a
    `CLEAN_UP` was ended by the launcher afterwards.
    """

    GUILTY = "guilty"
    SUSPECT = "suspect"
    VICTIM = "victim"
    CLEAN_UP = "clean_up"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """A line of a log, and what it shows."""

    evidence: Evidence
    why: str


@dataclass(frozen=True, slots=True)
class Silence:
    """How long a rank, or the run as a whole, has written nothing.

    Attributes:
        who: The rank.
        seconds: Since its newest step or marker; None when no time is known.
        longest: Its longest silence before, in this phase, else in any; None where none was seen.
        known: Whether that is of this phase.
        usual: Seconds from which it is silent for longer than its own history explains.
        limit: Seconds from which that is a finding.
        since: When that was written, as the log states it; None where it states no time.
        last: Its newest line.
    """

    who: RankId
    seconds: float | None
    longest: float | None
    known: bool
    usual: float
    limit: float | None
    since: Stamp | None = None
    last: Evidence | None = None

    @property
    def unusual(self) -> bool:
        """Whether it is silent for longer than ever."""
        return self.seconds is not None and self.seconds > self.usual


@dataclass(frozen=True, slots=True)
class RankDiagnosis:
    """One rank.

    Attributes:
        who: The rank.
        role: Its part.
        why: One sentence.
        state: As `trainwatch status` has it.
        epoch, step: As its log printed them last; `place` counts epochs as the whole view does.
        silent_seconds: Since its newest line; None when no time is known.
        place: Its last position in words, for people; `spot` the same in few.
        thread: What its main thread was seen in; "" where nobody looked.
        phases: Epoch seconds at which it entered its newest phases, and of its newest record.
    """

    who: RankId
    role: Role
    why: str
    state: RankStatus = RankStatus.UNKNOWN
    epoch: float | None = None
    step: int | None = None
    silent_seconds: float | None = None
    place: str = ""
    spot: str = ""
    thread: str = ""
    phases: tuple[tuple[float, Phase], ...] = ()


@dataclass(frozen=True, slots=True)
class Other:
    """Something else that is wrong, or may be."""

    category: Category | None
    summary: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, who, where, why, and what next.

    Attributes:
        verdict, category, phase: In one word each.
        summary: One sentence that a tired person understands.
        confidence: How sure that is.
        ranks: Every rank that is known, in order.
        evidence: The proof, the most important first.
        refute: What would show the verdict wrong.
        advice: Next steps, the first first.
        missing: Evidence that was not there, and how to have it next time.
        others: Findings beside the verdict.
        note: How to read its words beside the lines that it quotes; mostly empty.
        silence: Who wrote nothing, and since when; the longest silent first.
    """

    verdict: Verdict
    category: Category | None
    phase: DiagnosedPhase | None
    summary: str
    confidence: Confidence
    ranks: tuple[RankDiagnosis, ...] = ()
    evidence: tuple[Proof, ...] = ()
    refute: str = ""
    advice: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()
    note: str = ""
    silence: tuple[Silence, ...] = ()
