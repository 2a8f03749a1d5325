"""The commit that is checked out, read from the files of git: no program is started for it."""

from __future__ import annotations

import re
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def head_commit(directory: Path) -> str | None:
    """The commit of the work tree that holds `directory`, or None."""
    for place in (directory, *directory.parents):
        git = place / ".git"
        if git.exists():
            return _commit(git)
    return None


def _commit(git: Path) -> str | None:
    try:
        # A linked work tree and a submodule have a file there that names the real place.
        if git.is_file():
            git = git.parent / git.read_text().removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return _hash(head)
        return _branch(_shared(git), head.removeprefix("ref:").strip())
    except (OSError, ValueError):
        return None


def _shared(git: Path) -> Path:
    """Where the branches are: in a linked work tree not where its HEAD is."""
    pointer = git / "commondir"
    return git / pointer.read_text().strip() if pointer.is_file() else git


def _branch(git: Path, name: str) -> str | None:
    loose = git / name
    if loose.is_file():
        return _hash(loose.read_text().strip())
    for line in (git / "packed-refs").read_text().splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return _hash(commit)
    return None


def _hash(text: str) -> str | None:
    return text if _HASH.fullmatch(text) else None
