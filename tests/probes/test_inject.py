"""The probe inside a worker: it answers, stays out of the way, and hides nobody's sitecustomize."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from trainwatch.diagnose.live.read import read_document
from trainwatch.probes import environment
from trainwatch.probes.ask import ask, dumped, talk
from trainwatch.probes.find import of_logs, of_run
from trainwatch.probes.look import look_twice
from trainwatch.probes.place import INJECT
from trainwatch.probes.proc import catches, process

DEADLINE = 60.0
SLEEP = """
import time
def wait_here():
    print('up', flush=True)
    time.sleep(600)
wait_here()
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A short one: the path of a socket is limited."""
    with tempfile.TemporaryDirectory(prefix="tw", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running = []

    def begin(*words: str | Path, **more: str) -> subprocess.Popen[str]:
        env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path), **more}
        env |= environment(tmp_path / "run", env)
        given = words if isinstance(words[0], Path) or words[0] == "-c" else ("-c", *words)
        one = subprocess.Popen(
            [sys.executable, *map(str, given)],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        running.append(one)
        return one

    yield begin
    for one in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        one.communicate()


def up(one: subprocess.Popen[str]) -> None:
    assert one.stdout is not None
    assert one.stdout.readline() == "up\n"


def sockets(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("trainwatch-*/*/*.sock"))


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def functions(threads: list[Mapping[str, list[list[str]]]]) -> list[str]:
    return [frame[0] for thread in threads for frame in thread["frames"]]


def test_a_worker_answers_and_its_directory_is_private(start: Start, tmp_path: Path) -> None:
    one = start(SLEEP, RANK="3")
    up(one)
    (socket,) = sockets(tmp_path)
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    answer = json.loads(talk(socket, b"stacks") or b"null")
    main = next(thread for thread in answer["threads"] if thread["main"])
    assert main["frames"][0][0] == "wait_here"
    assert talk(socket, b"recorder") == b"null"  # no torch here
    assert talk(socket, b"anything else") == b"null"


JOINED = """
import sys, time, types
torch = types.ModuleType('torch.distributed')
torch.is_initialized = lambda: True
torch.get_rank = lambda: {rank}
sys.modules['torch.distributed'] = torch
def wait_here():
    print('up', flush=True)
    time.sleep(600)
"""
RANKS = "{joined}\nimport subprocess\nsubprocess.Popen([sys.executable, '-c', {other!r}], env={env})\nwait_here()"


@pytest.mark.parametrize("environ", [{}, {"RANK": "no number"}])
def test_without_a_rank_it_has_none_to_tell(
    start: Start, tmp_path: Path, environ: dict[str, str]
) -> None:
    up(start(SLEEP, **environ))
    (socket,) = sockets(tmp_path)
    assert talk(socket, b"rank") == b"null"


def test_ranks_that_no_environment_names_are_told_by_the_process_group(
    start: Start, tmp_path: Path
) -> None:
    """As Lightning starts them: the first is the parent of the second, and names it LOCAL_RANK."""
    other = JOINED.format(rank=1) + "wait_here()"
    env = "{**__import__('os').environ, 'LOCAL_RANK': '1'}"
    code = RANKS.format(joined=JOINED.format(rank=0), other=other, env=env)
    one = start(code, TRAINWATCH_RUN_ID="group")
    up(one)
    up(one)
    (tmp_path / "run.json").write_text('{"token": "group"}')
    workers = of_run(tmp_path)
    assert [worker.rank for worker in workers] == [0, 1]
    live = read_document("", look_twice(workers, "test", between=0.1))
    assert live is not None
    assert [(stand.who.rank, bool(stand.frames), stand.children) for stand in live.stands] == [
        (0, True, ()),
        (1, True, ()),
    ]


def test_processes_that_torch_spawns_have_a_probe_each(start: Start, tmp_path: Path) -> None:
    code = (
        "import multiprocessing, time\n"
        "def wait_here(rank):\n"
        "    import sys, types\n"
        "    torch = types.ModuleType('torch.distributed')\n"
        "    torch.is_initialized, torch.get_rank = (lambda: True), (lambda: rank)\n"
        "    sys.modules['torch.distributed'] = torch\n"
        "    print('up', flush=True)\n"
        "    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    for rank in range(2):\n"
        "        context.Process(target=wait_here, args=(rank,)).start()\n"
        "    time.sleep(600)\n"
    )
    script = tmp_path / "spawn.py"
    script.write_text(code)
    one = start(script, TRAINWATCH_RUN_ID="spawn")
    up(one)
    up(one)
    (tmp_path / "run.json").write_text('{"token": "spawn"}')
    assert [worker.rank for worker in of_run(tmp_path)] == [0, 1]


def test_the_child_of_a_worker_has_no_probe_of_its_own(start: Start, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "subprocess.run([sys.executable, '-c', 'pass'], check=True)\n"
        "print('up', flush=True)\ntime.sleep(600)"
    )
    one = start(code, RANK="0", LOCAL_RANK="0")
    up(one)
    assert [path.stem for path in sockets(tmp_path)] == [str(one.pid)]


def test_the_users_own_sitecustomize_runs_as_ever(start: Start, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins\nbuiltins.theirs = __file__\n")
    code = (
        "import sitecustomize, sys\nprint(theirs, sitecustomize.__file__)\n"
        "print(any('inject' in path for path in sys.path))"
    )
    out, _ = start(code, RANK="0", PYTHONPATH=str(own)).communicate(timeout=DEADLINE)
    path = str(own / "sitecustomize.py")
    assert out.splitlines() == [f"{path} {path}", "False"]


def test_without_one_of_the_users_nothing_is_said(start: Start) -> None:
    out, _ = start("print('fine')", RANK="0").communicate(timeout=DEADLINE)
    assert out == "fine\n"


def test_a_directory_that_is_open_to_others_is_not_used(tmp_path: Path) -> None:
    env = environment(tmp_path / "run", {"XDG_RUNTIME_DIR": str(tmp_path)})
    Path(env["TRAINWATCH_PROBE_DIR"]).chmod(0o755)
    assert environment(tmp_path / "run", {"XDG_RUNTIME_DIR": str(tmp_path)}) == {}


def test_nothing_is_left_at_the_end(start: Start, tmp_path: Path) -> None:
    start("print('x')", RANK="0").communicate(timeout=DEADLINE)
    assert not [path for path in tmp_path.glob("trainwatch-*/*/*") if path.is_file()]


def test_a_locked_interpreter_is_seen_from_outside(start: Start) -> None:
    code = (
        "import ctypes\ndef hold():\n    libc = ctypes.PyDLL(None)\n"
        "    mutex = ctypes.create_string_buffer(64)\n    libc.pthread_mutex_lock(mutex)\n"
        "    print('up', flush=True)\n    libc.pthread_mutex_lock(mutex)\nhold()"
    )
    one = start(code, RANK="0")
    up(one)
    worker = process(one.pid)
    assert worker is not None
    wait_for(lambda: (now := process(one.pid)) is not None and now.state == "S")
    answer = ask(worker, worker)
    assert (answer.silent, answer.source) == (True, "signal")
    assert "hold" in functions(answer.threads)
    assert one.poll() is None


def test_no_signal_where_it_is_not_caught(start: Start, tmp_path: Path) -> None:
    reset = f"import signal\nsignal.signal(signal.SIGRTMAX - 3, signal.SIG_DFL)\n{SLEEP}"
    one = start(reset, RANK="0")
    up(one)
    assert not catches(one.pid, signal.SIGRTMAX - 3)
    for socket in sockets(tmp_path):
        socket.unlink()
    worker = process(one.pid)
    assert worker is not None
    assert ask(worker, worker).source in ("", "py-spy")
    assert one.poll() is None


def test_a_run_is_found_by_its_token(start: Start, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text('{"token": "t-4711-x"}')
    one = start(SLEEP, RANK="1", TRAINWATCH_RUN_ID="t-4711-x")
    up(one)
    assert [(found.pid, found.rank) for found in of_run(run)] == [(one.pid, 1)]


def test_the_command_that_a_supervisor_calls_before_a_kill(start: Start, tmp_path: Path) -> None:
    one = start(SLEEP, RANK="1")
    up(one)
    (tmp_path / "run").mkdir()
    words = [
        "-m",
        "trainwatch.probes",
        str(tmp_path / "run"),
        "--reason",
        "kill",
        f"--pid={one.pid}",
    ]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    (written,) = (tmp_path / "run" / "stacks").iterdir()
    assert done.stdout.strip() == str(written)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    live = read_document(written.name, written.read_bytes())
    assert live is not None
    (stand,) = live.stands
    assert (stand.who.rank, stand.moved, stand.frames[-1].function) == (1, False, "wait_here")


def test_what_faulthandler_writes() -> None:
    text = (
        "Thread 0x00007f11 (most recent call first):\n"
        '  File "/x/threading.py", line 355 in wait\n\n'
        "Current thread 0x00007f22 (most recent call first):\n"
        '  File "train.py", line 24 in __getitem__\n  File "train.py", line 60 in <module>\n'
    )
    threads = dumped(text)
    assert [thread["main"] for thread in threads] == [False, True]
    assert threads[1]["frames"][0] == ["__getitem__", "train.py", 24]


LOADERS = """
import multiprocessing, sys, time
def item_0(): time.sleep(600)
def item_1(): time.sleep(600)
def item_2(): time.sleep(600)
def item_3(): time.sleep(600)
if __name__ == '__main__':
    multiprocessing.set_start_method('fork')
    children = [multiprocessing.Process(target=globals()[f'item_{n}']) for n in range(4)]
    for child in children:
        child.start()
    print('up', [child.pid for child in children], flush=True)
    children[0].join()
"""


def test_of_several_loader_processes_each_has_its_own_stack(tmp_path: Path, start: Start) -> None:
    """They share their parent's file, and are asked at one time."""
    script = tmp_path / "train.py"
    script.write_text(LOADERS)
    one = start(script, RANK="0")
    assert one.stdout is not None
    pids = json.loads(one.stdout.readline().removeprefix("up "))
    worker = process(one.pid)
    assert worker is not None
    document = look_twice([worker], "test", 0.0)
    stacks = {
        found["pid"]: [name for name in functions(found["threads"]) if name.startswith("item_")]
        for found in document["samples"][-1]["processes"]
    }
    assert [stacks[pid] for pid in pids] == [["item_0"], ["item_1"], ["item_2"], ["item_3"]]


SPAWNING = """
import multiprocessing, sys, time
def load_item():
    print('up', flush=True)
    time.sleep(600)
def work():
    load_item()
if __name__ == '__main__':
    multiprocessing.set_start_method(sys.argv[1])
    child = multiprocessing.Process(target=work)
    child.start()
    child.join()
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_loader_process_is_seen_however_it_was_made(
    tmp_path: Path, method: str, start: Start
) -> None:
    script = tmp_path / "train.py"
    script.write_text(SPAWNING)
    one = start(script, method, RANK="0")
    up(one)
    worker = process(one.pid)
    assert worker is not None
    document = look_twice([worker], "test", 0.1)
    seen = [proc for proc in document["samples"][-1]["processes"] if proc["pid"] != one.pid]
    loads = [child for child in seen if "load_item" in functions(child["threads"])]
    assert [child["source"] for child in loads] == ["signal"]
    live = read_document("", document)
    assert live is not None
    assert len(live.stands) == 1
    assert one.poll() is None


@pytest.mark.parametrize("flags", [["-S"], ["-I"], ["-E"], ["-s"], ["-B", "-u", "-W", "error"]])
@pytest.mark.parametrize("before", [None, ":relative"])
def test_programs_run_as_ever_however_python_is_started(
    tmp_path: Path, flags: list[str], before: str | None
) -> None:
    """What a program sees of its path and its environment does not change, but for our names."""
    code = (
        "import json, os, sys; hidden = 'PYTHONPATH', 'TRAINWATCH_PROBE_DIR', 'TRAINWATCH_PROBE_OWNER'\n"
        "print(json.dumps([sys.path, sorted(set(os.environ) - set(hidden))]))"
    )
    plain = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(tmp_path), "RANK": "0"}
    plain |= {} if before is None else {"PYTHONPATH": before}
    seen = []
    for env in (plain, {**plain, **environment(tmp_path / "run", plain)}):
        command = [sys.executable, *flags, "-c", code]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        assert not done.stderr
        path, names = json.loads(done.stdout)
        # Without `site` nobody takes our directory away again.
        seen.append(([place for place in path if place != str(INJECT) or "-S" not in flags], names))
    assert seen[0] == seen[1]


def test_the_users_own_signals_and_faulthandler_are_theirs(start: Start) -> None:
    code = (
        "import faulthandler, os, signal\nseen = []\n"
        "faulthandler.enable(); faulthandler.register(signal.SIGUSR1)\n"
        "signal.signal(signal.SIGUSR2, lambda *_: seen.append(2))\n"
        "signal.signal(signal.SIGRTMAX - 3, lambda *_: seen.append(3))\n"
        "os.kill(os.getpid(), signal.SIGUSR2); os.kill(os.getpid(), signal.SIGRTMAX - 3)\n"
        "import os\nif os.fork() == 0:\n    os._exit(len(seen))\n"
        "print(seen, os.waitstatus_to_exitcode(os.wait()[1]))"
    )
    out, _ = start("-c", code, RANK="0").communicate(timeout=DEADLINE)
    assert out == "[2, 3] 2\n"


def test_a_broken_sitecustomize_fails_as_it_did(start: Start, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("raise RuntimeError('theirs')\n")
    (own / "usercustomize.py").write_text("import builtins\nbuiltins.user = 1\n")
    out, _ = start("-c", "print('goes on')", RANK="0", PYTHONPATH=str(own)).communicate(
        timeout=DEADLINE
    )
    assert "theirs" in out
    assert out.endswith("goes on\n")


def test_a_job_of_somebody_else_is_found_by_its_open_log_or_its_command(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "rank0.log"
    log.write_text("")
    holds = "import sys, time; f = open(sys.argv[1] + '/rank0.log', 'a'); print('up', flush=True); time.sleep(600)"
    names = "import time; print('up', flush=True); time.sleep(600)"
    reads = holds.replace("'a'", "'r'")
    other = str(tmp_path / "elsewhere")
    for code, argument in [(holds, str(logs)), (names, "--out=logs")]:
        with (
            running(tmp_path, code, argument, RANK="2") as one,
            running(tmp_path, names, other, RANK="0"),
        ):
            assert [(found.pid, found.rank) for found in of_logs([str(log)], [str(logs)])] == [
                (one, 2)
            ]
    with running(tmp_path, reads, str(logs)):
        assert of_logs([str(log)], [str(logs)]) == []


@contextlib.contextmanager
def running(place: Path, code: str, argument: str, **environ: str) -> Iterator[int]:
    """A program that has said that it is up."""
    one = subprocess.Popen(
        [sys.executable, "-c", code, argument],
        cwd=place,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        up(one)
        yield one.pid
    finally:
        one.kill()
        one.communicate()
