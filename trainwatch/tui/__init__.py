"""The dashboard and the plain view: readers of RunView that draw, and nothing else.

Nothing is imported here: the plain view must not pay for Textual.
"""
