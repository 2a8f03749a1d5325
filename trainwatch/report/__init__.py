"""Documents made of a run: JSON, tables, words."""
