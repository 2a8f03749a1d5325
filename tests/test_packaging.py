"""What `pip install trainwatch` gets: the wheel, built from this checkout without a network."""

import os
import shutil
import subprocess
import sys
import tomllib
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

import trainwatch

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return built(tmp_path_factory.mktemp("dist"), os.environ["PATH"])


def built(place: Path, path: str) -> ZipFile:
    """The wheel of this checkout, built with the programs of a PATH."""
    pytest.importorskip("hatchling", reason="needs hatchling, which builds the wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        capture_output=True,
        timeout=120,
        check=True,
    )
    (file,) = place.glob("*.whl")
    return ZipFile(file)


@pytest.fixture(scope="module")
def metadata(wheel: ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def shipped(directory: str, *suffixes: str) -> set[str]:
    """The files below a directory of the checkout that the wheel should hold."""
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / directory).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix in suffixes
    }


def test_the_version_is_written_in_one_place(metadata: Message) -> None:
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
    assert metadata["Version"] == trainwatch.__version__


def test_torch_is_only_an_extra(metadata: Message) -> None:
    core = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need]
    assert len(core) == len(PROJECT["dependencies"])
    assert not [need for need in core if "torch" in need]
    assert "torch" in metadata.get_all("Provides-Extra", [])


def test_nothing_but_the_extra_torch_asks_for_torch() -> None:
    extras = PROJECT["optional-dependencies"]
    assert [name for name, needs in extras.items() if "torch" in " ".join(needs)] == ["torch"]


def test_the_wheel_holds_the_whole_package(wheel: ZipFile) -> None:
    assert shipped("trainwatch", ".py", ".tcss", ".typed") <= set(wheel.namelist())
    assert "trainwatch/py.typed" in wheel.namelist()


def test_the_wheel_holds_what_the_demo_shows(wheel: ZipFile) -> None:
    wanted = shipped("examples", ".py") | shipped("sample_logs", ".log", ".csv", ".md")
    assert wanted
    assert {f"trainwatch/_demo/{name}" for name in wanted} <= set(wheel.namelist())


def test_the_wheel_holds_nothing_else(wheel: ZipFile) -> None:
    names = wheel.namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"trainwatch"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert "trainwatch-" + trainwatch.__version__ + ".dist-info/licenses/LICENSE" in names


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_wheel_holds_the_scanner_and_names_its_platform(wheel: ZipFile) -> None:
    assert "trainwatch/parsing/native/_scan.abi3.so" in wheel.namelist()
    assert "-cp311-abi3-linux_" in Path(wheel.filename or "").name


def test_without_a_compiler_the_wheel_is_pure_and_works(tmp_path: Path) -> None:
    wheel = built(tmp_path / "dist", str(tmp_path))
    assert Path(wheel.filename or "").name.endswith("-py3-none-any.whl")
    wheel.extractall(tmp_path / "site")

    version = [sys.executable, "-m", "trainwatch", "--version"]
    done = subprocess.run(
        version, cwd=tmp_path / "site", capture_output=True, text=True, timeout=60, check=True
    )
    assert "plain engine; the native one was not built" in done.stdout

    broken = tmp_path / "site/trainwatch/parsing/native/_scan.abi3.so"
    broken.write_bytes(b"no library")
    done = subprocess.run(
        version, cwd=tmp_path / "site", capture_output=True, text=True, timeout=60, check=True
    )
    assert "plain engine; the native one fails: " in done.stdout


def test_the_command_is_installed(wheel: ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "trainwatch = trainwatch.cli.main:main" in wheel.read(name).decode()


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "trainwatch", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith(f"trainwatch {trainwatch.__version__} (")
    assert "engine" in done.stdout
