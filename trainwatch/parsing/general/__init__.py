"""Understands logs that no named format knows: general rules, learned from the lines themselves."""
