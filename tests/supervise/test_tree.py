"""Who belongs to a training: children, those that left, and nobody else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from supervision import LONG, Spawn, until

from trainwatch.supervise.process import Identity, environment, identify, read_process
from trainwatch.supervise.tree import RUN_VARIABLE, Tree, roots

TOKEN = "a" * 32


def pids(tree: Tree, *, thorough: bool = True) -> set[int]:
    return {process.pid for process in tree.scan(thorough=thorough)}


def test_children_belong_and_strangers_do_not(spawn: Spawn) -> None:
    stranger = spawn("sleep", LONG)
    parent = spawn("bash", "-c", f"sleep {LONG} & echo $!; wait", stdout=subprocess.PIPE)
    child = spawn.announced(parent)
    tree = Tree(TOKEN, [identify(parent.pid)])
    found = tree.scan(thorough=False)
    assert {process.pid for process in found} == {parent.pid, child}
    assert [process.pid for process in roots(found)] == [parent.pid]
    assert stranger.pid not in pids(tree)
    # The test's own process group holds more than the tree, so it may not be killed as a whole.
    assert not tree.groups
    parent.kill()
    assert until(lambda: read_process(child).parent != parent.pid, "orphan")
    assert pids(tree) == {child}


def test_an_orphan_in_its_own_session_is_remembered(spawn: Spawn) -> None:
    script = f"setsid sleep {LONG} & echo $!; wait"
    parent = spawn("bash", "-c", script, stdout=subprocess.PIPE, start_new_session=True)
    child = spawn.announced(parent)
    until(lambda: read_process(child).session == child, "setsid")
    tree = Tree(TOKEN, [identify(parent.pid)])
    assert pids(tree, thorough=False) == {parent.pid, child}
    assert tree.groups == {parent.pid, child}
    parent.kill()
    parent.wait()
    assert pids(tree, thorough=False) == {child}


def test_an_orphan_is_found_by_the_variable_alone(spawn: Spawn) -> None:
    env = {**os.environ, RUN_VARIABLE: TOKEN}
    child = spawn("sleep", LONG, env=env)
    spawn("sleep", LONG, env={**os.environ, RUN_VARIABLE: "b" * 32})
    until(lambda: f"{RUN_VARIABLE}={TOKEN}".encode() in environment(child.pid), "exec")
    tree = Tree(TOKEN)
    assert pids(tree, thorough=False) == set()
    assert pids(tree) == {child.pid}


@pytest.mark.parametrize(
    ("elastic", "found"),
    [
        ("6f1c1cf2-5f6e-4a53-9d0c-2b1a7a1f3a55", True),
        ("226854949612541949531098219386012345678", True),
        ("none", False),
        ("job1", False),
        ("100", False),
    ],
)
def test_only_run_ids_that_torchrun_made_up_are_trusted(
    spawn: Spawn, elastic: str, found: bool
) -> None:
    env = {**os.environ, "TORCHELASTIC_RUN_ID": elastic}
    ours = spawn("sleep", LONG, env={**env, RUN_VARIABLE: TOKEN})
    bare = spawn("sleep", LONG, env=env)
    for child in (ours, bare):
        until(
            lambda child=child: f"TORCHELASTIC_RUN_ID={elastic}".encode() in environment(child.pid),
            "exec",
        )
    assert pids(Tree(TOKEN)) == ({ours.pid, bare.pid} if found else {ours.pid})


def test_an_id_that_was_used_again_does_not_belong(spawn: Spawn) -> None:
    child = spawn("sleep", LONG)
    real = identify(child.pid)
    assert pids(Tree(TOKEN, [Identity(real.pid, real.start - 5)])) == set()


def test_companions_of_a_session_belong_when_its_leader_does(spawn: Spawn) -> None:
    # The grandchild's parent ends at once, and its environment is empty: only the session is left.
    script = f"(env -i sleep {LONG} & echo $!); exec sleep {LONG}"
    leader = spawn("bash", "-c", script, stdout=subprocess.PIPE, start_new_session=True)
    orphan = spawn.announced(leader)
    until(lambda: read_process(leader.pid).name == "sleep", "the end of the parent between")
    assert pids(Tree(TOKEN, [identify(leader.pid)])) == {leader.pid, orphan}


def test_a_session_of_somebody_else_is_not_taken_in(spawn: Spawn) -> None:
    # A marked process in a session whose leader is none of ours, as after `export` in a shell.
    script = f"{RUN_VARIABLE}={TOKEN} sleep {LONG} & echo $!; exec sleep {LONG}"
    shell = spawn("bash", "-c", script, stdout=subprocess.PIPE, start_new_session=True)
    child = spawn.announced(shell)
    until(lambda: f"{RUN_VARIABLE}={TOKEN}".encode() in environment(child), "exec")
    tree = Tree(TOKEN)
    assert pids(tree) == {child}
    assert not tree.groups


def test_whoever_asks_does_not_find_itself() -> None:
    code = (
        "import os; from trainwatch.supervise.tree import Tree\n"
        f"print([p.pid for p in Tree('{TOKEN}').scan()] == [])"
    )
    env = {**os.environ, RUN_VARIABLE: TOKEN}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
