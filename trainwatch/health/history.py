"""What was found and is over: a stall that ended is no finding any more, but worth a line."""

from collections.abc import Sequence
from dataclasses import replace

from trainwatch.events import Finding
from trainwatch.model.moments import epoch_seconds
from trainwatch.model.snapshot import AlertView
from trainwatch.parsing.prefix import Clock, split_prefix

KEPT = 1000
"""Findings that are remembered."""


class AlertHistory:
    """Every finding seen so far, by what it is about; the words of one may change."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], AlertView] = {}
        self._clock = Clock()
        self._begun = False

    def take(
        self, findings: Sequence[Finding], now: float, utc_offset: float
    ) -> tuple[AlertView, ...]:
        """Note what is found at a moment; all that was found, the newest first.

        Args:
            findings: As of `now`.
            now: Epoch seconds.
            utc_offset: Seconds east of UTC, for proofs that state a time without a zone.
        """
        current = set()
        for finding in findings:
            fresh = self._view(finding, now, utc_offset)
            current.add(fresh.key)
            known = self._seen.get(fresh.key)
            if known is None or known.finding != finding:
                self._seen[fresh.key] = self._renewed(known, fresh, now)
        for key, known in self._seen.items():
            if key not in current and known.finding.active:
                over = replace(known.finding, active=False)
                self._seen[key] = replace(known, finding=over, until=now)
        self._begun = self._begun or bool(findings)
        while len(self._seen) > KEPT:
            del self._seen[next(iter(self._seen))]
        return tuple(sorted(self._seen.values(), key=lambda one: -one.since))

    def _renewed(self, known: AlertView | None, fresh: AlertView, now: float) -> AlertView:
        if known is None:
            return fresh
        ended = known.finding.active and not fresh.finding.active
        until = now if ended else None if fresh.finding.active else known.until
        return replace(known, finding=fresh.finding, until=until)

    def _view(self, finding: Finding, now: float, utc_offset: float) -> AlertView:
        """Since when: a silence has no line that states it; of other findings the proof's time."""
        text = finding.evidence[0].text if finding.evidence else ""
        found = split_prefix(text.encode(errors="replace"))
        stamp = self._clock.stamp(found["clock"], found["fraction"], found["zone"])
        if stamp is None or finding.rule in _SILENCES:
            return AlertView(finding, now, earlier=not self._begun)
        return AlertView(finding, min(epoch_seconds(stamp, utc_offset), now), stated=True)


_SILENCES = frozenset({"stall", "hang"})
