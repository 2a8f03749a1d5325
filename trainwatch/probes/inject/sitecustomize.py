"""The probe inside a worker of `trainwatch run`: answers who asks where the worker stands.

Python imports a module of this name at its start, from the first directory of PYTHONPATH that has
one. This one hands on to the user's own, if there is any, and begins a thread that answers on a unix
socket with the stacks of all threads, and with what torch's flight recorder holds. A process that
hangs in a collective or in a data set answers too. For one whose interpreter is locked up, and for
loader processes, faulthandler waits for a real-time signal; one that was spawned writes into memory
of its own, whose name says the signal.

It runs inside other people's programs: the standard library only, no thread of `threading`, nothing
on stdout or stderr, and whatever fails is given up without a word. Old Pythons read it as well.
"""

import os
import sys

_DIRECTORY = "TRAINWATCH_PROBE_DIR"
_OWNER = "TRAINWATCH_PROBE_OWNER"
_LAUNCHERS = ("torchrun", "torch.distributed", "accelerate", "deepspeed", "horovodrun", "mpirun")
_CHILDREN = ("multiprocessing", "joblib", "loky")
_FRAMES = 200
_THREADS = 500


def _hand_on():
    """Let the module that Python would have found without this one take its place."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401, PLC0415 - the next one on the path
    except ImportError as error:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)
        if error.name != "sitecustomize":
            raise


def _begin():
    """Start answering, in a worker; anywhere else do nothing."""
    directory = os.environ.get(_DIRECTORY)
    if not directory:
        return
    ranked = os.environ.get("RANK", "").isdigit()
    spawned = _spawned()
    if spawned and ranked:
        _wait_for_signal()
    # Without a rank in its environment it may get one later: Lightning's, torch.multiprocessing's.
    if not _is_worker() and (ranked or not spawned):
        return
    owner = "/".join(
        os.environ.get(name, "")
        for name in ("RANK", "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT", "MASTER_PORT")
    )
    if spawned:
        owner += "/" + str(os.getpid())
    if os.environ.get(_OWNER) == owner:
        return  # the child of a worker: a loader process, or a helper program
    os.environ[_OWNER] = owner
    _Probe(_private(directory)).start()


def _words():
    return list(getattr(sys, "orig_argv", None) or sys.argv)


def _spawned():
    """Whether this is the child of a worker, made by multiprocessing without a fork, or its server."""
    text = " ".join(_words()[:12])
    return any("multiprocessing." + name in text for name in ("spawn", "forkserver"))


def _wait_for_signal():
    """In a loader process: faulthandler writes into memory, which goes away with the process."""
    import faulthandler  # noqa: PLC0415

    number = _unused_signal()
    if number is not None and hasattr(os, "memfd_create"):
        handle = os.memfd_create("trainwatch-stacks-" + str(number))
        faulthandler.register(number, file=handle, all_threads=True, chain=False)


def _unused_signal():
    """A real-time signal that nobody uses; None if there is none."""
    import signal  # noqa: PLC0415

    for number in range(signal.SIGRTMAX - 3, signal.SIGRTMIN + 3, -1):
        if signal.getsignal(number) == signal.SIG_DFL:
            return number
    return None


def _is_worker():
    words = _words()[:4]
    text = " ".join(words)
    names = [os.path.basename(word) for word in words]
    launcher = any(name in _LAUNCHERS for name in names) or any(
        word.startswith("torch.distributed") for word in words
    )
    return not launcher and not any("from " + name in text for name in _CHILDREN)


def _private(directory):
    """The directory of the sockets: our own and closed to others, or an error."""
    import stat  # noqa: PLC0415

    for path in (os.path.dirname(directory), directory):
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise OSError("not our own directory")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise OSError("open to others")
    return directory


class _Probe:
    def __init__(self, directory):
        self.pid = os.getpid()
        self.base = os.path.join(directory, str(self.pid))
        self.main = None

    def start(self):
        import _thread  # noqa: PLC0415
        import atexit  # noqa: PLC0415
        import json  # noqa: PLC0415
        import socket  # noqa: PLC0415

        self.json = json
        self.main = _thread.get_ident()
        number, file = self._on_signal()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._remove(".sock")
        listener.bind(self.base + ".sock")
        os.chmod(self.base + ".sock", 0o600)
        listener.listen(8)
        self.listener = listener
        self._note({"pid": self.pid, "signal": number, "stacks": file})
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)
        atexit.register(self._end)
        _thread.start_new_thread(self._serve, ())

    def _on_signal(self):
        """A signal that nobody uses, on which faulthandler writes to a file; (None, None) if none."""
        import faulthandler  # noqa: PLC0415

        path = self.base + ".stacks"
        number = _unused_signal()
        if number is None:
            return None, None
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW
        handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o600)
        faulthandler.register(number, file=handle, all_threads=True, chain=False)
        return number, path

    def _note(self, words):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(self.base + ".json", flags, 0o600), "w") as file:
            self.json.dump(words, file)

    def _remove(self, suffix):
        try:
            os.unlink(self.base + suffix)
        except OSError:
            pass

    def _end(self):
        if os.getpid() == self.pid:
            for suffix in (".sock", ".json", ".stacks"):
                self._remove(suffix)

    def _forked(self):
        """A loader process keeps no socket that its parent answers on."""
        try:
            self.listener.close()
        except Exception:  # noqa: BLE001, S110 - never a word inside a training
            pass

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                connection.settimeout(5.0)
                if self._allowed(connection):
                    self._answer(connection)
            except Exception:  # noqa: BLE001, S110 - never a word inside a training
                pass
            finally:
                connection.close()

    def _allowed(self, connection):
        """Whether the other end is this user, or root."""
        import socket  # noqa: PLC0415
        import struct  # noqa: PLC0415

        size = struct.calcsize("3i")
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return struct.unpack("3i", peer)[1] in (os.getuid(), 0)

    def _answer(self, connection):
        asked = connection.recv(64).strip()
        if asked == b"stacks":
            text = self.json.dumps(self._stacks()).encode("utf-8", "replace")
        elif asked == b"recorder":
            text = self._recorder()
        elif asked == b"rank":
            text = self.json.dumps(self._rank()).encode("ascii")
        else:
            text = b"null"
        connection.sendall(text)

    def _stacks(self):
        threading = sys.modules.get("threading")
        names = {}
        if threading is not None:
            names = {ident: one.name for ident, one in list(threading._active.items())}
        own = sys.modules["_thread"].get_ident()
        found = []
        for ident, frame in list(sys._current_frames().items())[:_THREADS]:
            if ident != own:
                found.append(
                    {
                        "main": ident == self.main,
                        "name": "MainThread" if ident == self.main else str(names.get(ident, "")),
                        "frames": self._frames(frame),
                    }
                )
        return {"pid": self.pid, "threads": found}

    def _frames(self, frame):
        found = []
        while frame is not None and len(found) < _FRAMES:
            code = frame.f_code
            name = getattr(code, "co_qualname", None) or self._named(frame)
            found.append([name, code.co_filename, frame.f_lineno])
            frame = frame.f_back
        return found

    def _named(self, frame):
        """Before Python 3.11: the class of `self` in front, without asking the object itself."""
        code = frame.f_code
        if code.co_argcount and code.co_varnames[0] == "self":
            owner = type(frame.f_locals.get("self"))
            return owner.__name__ + "." + code.co_name
        return code.co_name

    def _rank(self):
        """The global rank in the default process group; None where there is none."""
        torch = sys.modules.get("torch.distributed")
        if torch is None or not torch.is_initialized():
            return None
        return int(torch.get_rank())

    def _recorder(self):
        """The flight recorder as torch gives it; null where this torch has none."""
        torch = sys.modules.get("torch._C._distributed_c10d")
        if torch is None:
            core = sys.modules.get("torch._C")
            torch = getattr(core, "_distributed_c10d", None)
        for name in ("_dump_fr_trace_json", "_dump_nccl_trace_json"):
            dump = getattr(torch, name, None)
            if dump is not None:
                text = dump()
                return text if isinstance(text, bytes) else str(text).encode("utf-8", "replace")
        return b"null"


try:
    _begin()
except Exception:  # noqa: BLE001, S110 - a probe that cannot be is none
    pass
_hand_on()
