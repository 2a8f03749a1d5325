"""Builds the native scanner where there is a C compiler; without one the install goes on without.

The plain engine reads the same logs the same way, only slower; `trainwatch --version` says which is
in use. `python hatch_build.py` builds it in place.
"""

import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PLACE = "trainwatch/parsing/native"
NAME = "_scan.abi3.so"

# Without contraction: a fused multiply-add rounds once where Python rounds twice.
FLAGS = ("-O3", "-fPIC", "-shared", "-ffp-contract=off", "-fno-strict-aliasing")


def compile_scanner(directory: Path) -> Path | None:
    """The compiled extension in a directory, or None, and why not on stderr."""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    compiler = next(filter(None, map(shutil.which, (compiler, "cc", "gcc", "clang"))), "")
    if not compiler:
        return _without("no C compiler was found")
    target = directory / NAME
    include = sysconfig.get_path("include")
    order = [compiler, *FLAGS, f"-I{include}", str(HERE / PLACE / "_scan.c"), "-o", str(target)]
    try:
        done = subprocess.run(order, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return _without(str(error))
    if done.returncode:
        return _without((done.stderr.strip().splitlines() or ["the compiler failed"])[0])
    return target


def _without(reason: str) -> None:
    sys.stderr.write(f"trainwatch: the native scanner was not built ({reason})\n")


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # built in place
    pass
else:

    class ScannerHook(BuildHookInterface[Any]):
        """Adds the scanner to a wheel; in an editable install it lies beside its source."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Compile, and tag the wheel for this platform where that succeeds."""
            if self.target_name != "wheel":
                return
            if version == "editable":
                compile_scanner(HERE / PLACE)
                return
            directory = Path(tempfile.mkdtemp(prefix="trainwatch-scanner-"))
            built = compile_scanner(directory)
            if built:
                platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
                build_data["pure_python"] = False
                build_data["tag"] = f"cp311-abi3-{platform}"
                build_data["force_include"][str(built)] = f"{PLACE}/{NAME}"


if __name__ == "__main__":
    sys.exit(compile_scanner(HERE / PLACE) is None)
