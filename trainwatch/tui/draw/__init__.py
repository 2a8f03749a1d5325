"""What stands on the screen as lines: pure functions of a snapshot, a width and a clock's zone."""
