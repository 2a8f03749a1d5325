"""What is wrong, with its proof."""

from __future__ import annotations

from dataclasses import dataclass

from trainwatch.events.places import Evidence, RankId, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, with its proof.

    Attributes:
        rule: Stable name, such as `loss_nan`.
        who: The rank it is about; `NOBODY` for the whole run.
        step: Position at which it began, where one is known.
        message: One sentence for a tired person; holds no log text.
        evidence: Where it can be seen; never empty for what was read from a log.
        refute: What would show the finding wrong.
        active: False when the condition is over, such as a spike that recovered.
    """

    rule: str
    severity: Severity
    who: RankId
    message: str
    evidence: tuple[Evidence, ...]
    step: int | None = None
    epoch: float | None = None
    refute: str = ""
    active: bool = True
