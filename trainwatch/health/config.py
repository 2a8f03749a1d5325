"""Thresholds of the detectors and own formats, all changeable in `trainwatch.toml`."""

from dataclasses import dataclass

from trainwatch.formats import Dialect


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """Thresholds of findings; the table `[health]`.

    Attributes:
        loss_ceiling: A loss above it has exploded.
        loss_growth: So has one that grew by this factor over its usual value.
        zero_lr_records: Successive records with learning rate 0 that are a finding; a warm-up or
            the very end of a schedule may print a few.
        stagnation_steps: Records over which the loss must move; 0 switches the rule off.
        stagnation_change: Relative movement below which it stagnates.
        recovered_records: Sound records after which a spike is over.
        grad_nan_records: Successive records with a gradient norm of NaN or infinity that are a
            finding; mixed precision skips such steps while it looks for its scale.
    """

    loss_ceiling: float = 1e10
    loss_growth: float = 100.0
    zero_lr_records: int = 10
    stagnation_steps: int = 0
    stagnation_change: float = 0.001
    recovered_records: int = 32
    grad_nan_records: int = 20


@dataclass(frozen=True, slots=True)
class StallConfig:
    """When silence is a stall; the table `[stall]`.

    Attributes:
        factor: Times the usual gap.
        quantile: Of a rank's gaps in the phase: its usual gap.
        floor_seconds: Least silence where the phase has a history.
        floor_unknown_seconds: Least silence where it has none.
        floor_starting_seconds: Least silence before the first record of a rank.
        slow_factor: Times the other ranks' median gap from which a rank is slow.
    """

    factor: float = 4.0
    quantile: float = 0.95
    floor_seconds: float = 20.0
    floor_unknown_seconds: float = 120.0
    floor_starting_seconds: float = 600.0
    slow_factor: float = 2.0


@dataclass(frozen=True, slots=True)
class Config:
    """All thresholds, and the log formats of the user."""

    health: HealthConfig = HealthConfig()
    stall: StallConfig = StallConfig()
    dialects: tuple[Dialect, ...] = ()
