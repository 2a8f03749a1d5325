"""The state of a run, folded from what parsing finds."""
