"""Which files are the logs of a run, under which names, and what is said when there are none."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_life import Logs, Reader

from trainwatch.errors import NothingToReadError
from trainwatch.sources import Discovery, Reason, discover
from trainwatch.sources.names import CURRENT, families, natural_key, reason_to_skip
from trainwatch.sources.sniff import content_reason

SAMPLES = Path(__file__).resolve().parents[3] / "shared/samples"


def names(found: Discovery) -> list[str]:
    return [file.name for file in found.files]


# --- names ----------------------------------------------------------------------------------------

LOGS = [
    "train_20231203_143025.log",
    "debug_rank0_20231203_143025.log",
    "console.log",
    "console",
    "nohup.out",
    "slurm-123.out",
    "slurm-123_4.out",
    "slurm-123.err",
    "job.o1234",
    "job.e1234.5",
    "job.po77",
    "stdout",
    "stderr",
    "out",
    "stdout.log",
    "log.txt",
    "train.txt",
    "metrics.csv",
    "epoch_metrics_1.csv",
    "results.tsv",
    "trainer_log.jsonl",
    "metrics.json",
    "scalars.json",
    "20231203_143025.log.json",
    "train_log.json",
    "trainer_state.json",
    "x.log.1",
    "x.log.10",
    "x.log-20231203",
    "x.log-20231203-1701600000",
    "x.log.2023-12-03",
    "x.log.2023-12-03_14-30-25",
    "x.log.old",
    "log.rank0",
    "rank3",
    "worker-0.stdout",
    "training.LOG",
    "12345_0_log.out",
    "train-log",
    "debug.rank0",
    "screenlog.0",
    "job.123",
]

NO_LOGS = {
    Reason.WEIGHTS: "model.pt a.pth b.ckpt c.safetensors d.bin e.npz f.pkl g.h5 h.parquet model.pt.1",
    Reason.MEDIA: "loss.png a.jpg b.svg c.mp4 paper.pdf",
    Reason.ARCHIVE: "a.zip b.tar code.whl",
    Reason.COMPRESSED: "x.log.gz x.log.1.gz b.zst c.xz a.tgz.bz2",
    Reason.TENSORBOARD: "events.out.tfevents.1701600000.host.123.0",
    Reason.CODE: "train.py run.sh a.ipynb kernel.cu train_log.py job.sbatch",
    Reason.DOCUMENT: (
        "config.yaml args.json trainer_config.json run.json error.json README.md README LICENSE"
        " requirements.txt Makefile vocab.txt merges.txt report.html last_checkpoint"
    ),
    Reason.TEMPORARY: "x.log~ x.swp a.tmp train.pid x.log.bak",
    Reason.HIDDEN: ".x.log .gitignore",
    Reason.OWN: "exp_1.healthy exp_1.done exp_1.failed",
    Reason.UNKNOWN: "foo.xyz a.zarray",
}


@pytest.mark.parametrize("name", LOGS)
def test_names_of_logs(name: str) -> None:
    assert reason_to_skip(name) is None


@pytest.mark.parametrize(
    ("name", "reason"), [(name, why) for why, text in NO_LOGS.items() for name in text.split()]
)
def test_names_of_other_files(name: str, reason: Reason) -> None:
    assert reason_to_skip(name) is reason


def test_rotated_files_belong_to_their_log() -> None:
    members = [
        "x.log",
        "x.log.1",
        "x.log.10",
        "x.log.2",
        "x.log-20231203",
        "x.log-20240101",
        "x.log.old",
    ]
    found = families([*members, "y.log.1", "z.log-20231203"])
    family = sorted((age, name) for name, (base, age) in found.items() if base == "x.log")
    assert [name for _, name in family] == [
        "x.log-20231203", "x.log-20240101", "x.log.old", "x.log.10", "x.log.2", "x.log.1", "x.log",
    ]  # fmt: skip
    assert found["y.log.1"] == ("y.log.1", CURRENT), "its log is not there"


@given(st.lists(st.text("ab01/.", min_size=1, max_size=8)))
def test_any_names_have_an_order(paths: list[str]) -> None:
    sorted(paths, key=natural_key)


def test_natural_order() -> None:
    paths = ["r/rank10.log", "r/rank9.log", "a.log", "r/rank1.log", "r/10/x.log", "r/9/x.log"]
    assert sorted(paths, key=natural_key) == [
        "a.log", "r/9/x.log", "r/10/x.log", "r/rank1.log", "r/rank9.log", "r/rank10.log",
    ]  # fmt: skip


# --- contents -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"[INFO] Starting training...\n",
        "平均损失: 0.07\n".encode("gbk") * 50,
        "平均损失: 0.07\n".encode("utf-16"),
        "loss 0.5\n".encode("utf-32"),
        b"\0" * 4096,
        b"\0" * 3000 + b"[INFO] after a copytruncate without O_APPEND\n",
        b"\x1b[32mINFO\x1b[0m loss 0.1\x08\x08\r\x07",
        b"\r 10%|#  | 1/10 [00:00<00:01]\r 20%|## | 2/10" * 20,
        b"caf\xe9 \xff\xfe\x80 latin-1 and broken bytes\n" * 20,
        b"[INFO] Training step 5, loss=0.25\n" * 20 + bytes(range(256)) * 8,  # spilled into a log
    ],
)
def test_text_is_text(head: bytes) -> None:
    assert content_reason(head) is None


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (gzip.compress(b"text"), Reason.COMPRESSED),
        (b"\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00}\x94", Reason.BINARY),  # a pickle
        (b"\x80\x02}q\x00.", Reason.BINARY),
        (b"PK\x03\x04" + bytes(100), Reason.BINARY),
        (b"\x89PNG\r\n\x1a\n", Reason.BINARY),
        (random.Random(1).randbytes(4096), Reason.BINARY),
        (bytes(range(256)) * 16, Reason.BINARY),
        (b"ply\nformat binary_little_endian 1.0\n" + bytes(range(256)) * 8, Reason.BINARY),
    ],
)
def test_binary_is_not(head: bytes, reason: Reason) -> None:
    assert content_reason(head) is reason


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded samples are not on this machine")
def test_every_recorded_sample_is_found() -> None:
    found = discover([SAMPLES])
    wanted = {str(path) for kind in ("*.log", "*.txt", "*.csv") for path in SAMPLES.rglob(kind)}
    assert wanted <= {file.path for file in found.files}
    assert not [
        file.name for file in found.files if "dump_" in file.name or "nccl_trace" in file.name
    ]


# --- directories ----------------------------------------------------------------------------------


def test_a_directory_is_searched_in_depth_and_in_order(logs: Logs) -> None:
    for name in (
        "debug_rank10.log", "debug_rank9.log", "run_ab12cd34/attempt_0/0/stdout.log",
        "run_ab12cd34/attempt_0/10/stdout.log", "run_ab12cd34/attempt_0/9/stdout.log",
        ".git/x.log", "__pycache__/x.log", ".submitit/7_0_log.out", "model.pt", ".hidden.log",
    ):  # fmt: skip
        logs.append(name, "text\n")
    found = discover([logs.root])
    assert names(found) == [
        ".submitit/7_0_log.out", "debug_rank9.log", "debug_rank10.log",
        "run_ab12cd34/attempt_0/0/stdout.log", "run_ab12cd34/attempt_0/9/stdout.log",
        "run_ab12cd34/attempt_0/10/stdout.log",
    ]  # fmt: skip
    assert found.counts == {Reason.WEIGHTS: 1, Reason.HIDDEN: 1}
    assert {skipped.name: skipped.reason for skipped in found.skipped} == {
        "model.pt": Reason.WEIGHTS,
        ".hidden.log": Reason.HIDDEN,
    }
    assert found.looked_at == 8


def test_rotated_files_come_before_their_log(logs: Logs) -> None:
    for name in ("x.log", "x.log.1", "x.log.2", "y.log"):
        logs.append(name, "text\n")
    found = discover([logs.root])
    assert names(found) == ["x.log.2", "x.log.1", "x.log", "y.log"]
    assert {file.belongs_to for file in found.files[:3]} == {"x.log"}


def test_what_is_binary_or_special_is_counted(logs: Logs) -> None:
    logs.append("good.log", "text\n")
    logs.append("bad.log", bytes(range(256)))
    logs.append("packed.log", gzip.compress(b"text"))
    os.mkfifo(logs.path("fifo.log"))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(logs.path("socket.log")))
        found = discover([logs.root])
    assert names(found) == ["good.log"]
    assert found.counts == {Reason.BINARY: 1, Reason.COMPRESSED: 1, Reason.SPECIAL: 2}


def test_loops_of_links(logs: Logs) -> None:
    logs.append("a/x.log", "text\n")
    logs.path("a/self").symlink_to(".")
    logs.path("a/up").symlink_to("../..")
    logs.path("b").symlink_to("a")
    logs.path("l1.log").symlink_to("l2.log")
    logs.path("l2.log").symlink_to("l1.log")
    assert names(discover([logs.root])) == ["a/x.log"]
    reader = Reader(logs.root)
    reader.drain()
    assert reader.everything() == "text\n"


def test_a_linked_directory_is_read(logs: Logs, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.log").write_text("text\n")
    logs.path("link").symlink_to(tmp_path / "elsewhere")
    assert names(discover([logs.root])) == ["link/x.log"]


def test_names_that_are_no_text(logs: Logs) -> None:
    (logs.root / os.fsdecode(b"caf\xe9.log")).write_text("text\n")
    (logs.root / "new\nline.log").write_text("text\n")
    found = names(discover([logs.root]))
    assert found == ["caf�.log", "new\nline.log"]
    reader = Reader(logs.root)
    reader.drain()
    json.dumps(reader.follower.offsets()).encode()
    assert reader.everything() == "text\n" * 2


# --- several PATHs, files, globs ------------------------------------------------------------------


def test_a_file_is_named_by_its_name(logs: Logs) -> None:
    logs.append("deep/down/x.log", "text\n")
    assert names(discover([logs.path("deep/down/x.log")])) == ["x.log"]


def test_several_paths_are_named_from_their_common_directory(logs: Logs) -> None:
    for name in ("run1/x.log", "run2/x.log", "run3/y.log"):
        logs.append(name, "text\n")
    paths = [logs.root / "run2", logs.root / "run1" / "x.log"]
    assert names(discover(paths)) == ["run1/x.log", "run2/x.log"]


def test_globs(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("run1/x.log", "run2/x.log", "run2/strange.xyz", "run2/model.pt", "run2/sub/z.log"):
        logs.append(name, "text\n")
    assert names(discover([f"{logs.root}/run*/*.log"])) == ["run1/x.log", "run2/x.log"]
    monkeypatch.chdir(logs.root)
    assert names(discover(["run2/*"])) == ["strange.xyz", "sub/z.log", "x.log"]
    assert names(discover(["**/z.log"])) == ["run2/sub/z.log"]


def test_magic_characters_in_the_working_directory(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.append("[a] run*/x1.log", "text\n")
    monkeypatch.chdir(logs.root / "[a] run*")
    assert names(discover(["x?.log"])) == ["x1.log"]
    assert names(discover([logs.root / "[a] run*" / "*.log"])) == ["x1.log"]


def test_a_deep_glob_in_a_maze_of_links(logs: Logs) -> None:
    for name in ("a/b/c", "a/d/e"):
        logs.append(f"{name}/x.log", "text\n")
        for number in range(3):
            logs.path(f"{name}/link{number}").symlink_to("../..")
    assert names(discover([f"{logs.root}/**/*.log"])) == ["a/b/c/x.log", "a/d/e/x.log"]
    assert names(discover([f"{logs.root}/**"])) == ["a/b/c/x.log", "a/d/e/x.log"]


def test_a_name_with_magic_characters_is_a_name(logs: Logs) -> None:
    logs.append("x[1].log", "text\n")
    assert names(discover([logs.path("x[1].log")])) == ["x[1].log"]


def test_a_named_file_is_read_whatever_it_is(logs: Logs) -> None:
    for name, data in (
        ("model.pt", b"text\n"),
        (".hidden", b"text\n"),
        ("x.bin", bytes(range(256))),
    ):
        logs.append(name, data)
        assert names(discover([logs.path(name)])) == [name]
    assert names(discover([logs.path("model.pt"), logs.path(".hidden")])) == [".hidden", "model.pt"]


def test_the_same_file_twice(logs: Logs) -> None:
    logs.append("x.log", "text\n")
    found = discover([logs.root, logs.path("x.log"), f"{logs.root}/*.log"])
    assert names(found) == ["x.log"]


# --- run directories ------------------------------------------------------------------------------


def make_run(logs: Logs, document: object) -> Path:
    for name in (
        "console.log", "events.jsonl", "system.jsonl", "events.node2.jsonl", "stacks/rank0.txt",
        "signals/e.healthy", "results/e/metrics.csv", "train/debug.log",
    ):  # fmt: skip
        logs.append(f"run/{name}", "text\n")
    logs.append("run/run.json", json.dumps(document))
    return logs.root / "run"


def test_a_run_directory_includes_the_logs_that_it_names(logs: Logs) -> None:
    for name in ("far/x.log", "far/deep/y.log", "file.xyz", "g1.log", "g2.log"):
        logs.append(name, "text\n")
    named = [
        str(logs.root / name) for name in ("far", "file.xyz", "g*.log", "run/train", "missing")
    ]
    run = make_run(logs, {"logs": [*named, 7, "", None], "command": ["torchrun"]})
    found = discover([run])
    outside = [
        str(logs.root / name)
        for name in ("far/deep/y.log", "far/x.log", "file.xyz", "g1.log", "g2.log")
    ]
    assert sorted(names(found)) == sorted([*outside, "console.log", "train/debug.log"])
    assert found.roots == (str(run), *named)
    assert found.counts[Reason.OWN] == 3
    reader = Reader(run)
    reader.drain()
    assert {file.name for file in reader.texts()} == set(names(found))


@pytest.mark.parametrize("text", ["", '{"logs": ["/a', "[]", "null", '{"logs": "x"}', "\0" * 9])
def test_a_damaged_run_file(logs: Logs, text: str) -> None:
    run = make_run(logs, {})
    (run / "run.json").write_text(text)
    assert {"console.log", "train/debug.log"} <= set(names(discover([run])))


def test_a_foreign_run_file(logs: Logs) -> None:
    run = make_run(logs, {"name": "something else", "lr": 0.1})
    assert "results/e/metrics.csv" in names(discover([run]))


def test_a_run_that_has_just_begun(logs: Logs) -> None:
    """Neither its run.json nor the logs that it names exist yet."""
    run = logs.root / "run"
    assert discover([run], allow_empty=True).files == ()
    reader = Reader(run)
    reader.drain()
    run.mkdir()
    reader.drain()
    assert reader.follower.problems == {}
    logs.append("run/console.log", "one\n")
    reader.drain()
    logs.append("run/run.json", json.dumps({"logs": [str(logs.root / "far")]}))
    reader.poll(step=3)
    logs.append("far/x.log", "two\n")
    reader.poll(step=3)
    reader.drain()
    assert reader.everything() == "one\ntwo\n"
    assert {file.name for file in reader.texts()} == {"console.log", str(logs.root / "far/x.log")}


# --- nothing to read ------------------------------------------------------------------------------


def message(*paths: Path | str) -> str:
    with pytest.raises(NothingToReadError) as caught:
        discover(paths)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_what_is_said_when_there_is_nothing(logs: Logs) -> None:
    missing = message(logs.root / "missing.log")
    assert missing.startswith(f"{logs.root}/missing.log does not exist; name ")
    assert message(f"{logs.root}/*.log").startswith(f"{logs.root}/*.log matches no file;")
    assert message(logs.root).startswith(f"{logs.root} holds no files; name ")
    logs.append("a.pt", "x")
    logs.append("b.pt", "x")
    logs.append("c.png", "x")
    text = message(logs.root)
    assert "no log" in text
    assert "3 files looked at: 2 weights or data, 1 images or media" in text
    assert message().startswith("No path was given")
    assert message("").startswith("An empty path was given")


def test_one_missing_path_among_several_is_an_error(logs: Logs) -> None:
    logs.append("x.log", "text\n")
    assert "typo.log does not exist" in message(logs.path("x.log"), logs.root / "typo.log")


def test_a_compressed_file_is_named(logs: Logs) -> None:
    logs.append("x.log.gz", gzip.compress(b"text"))
    assert "1 compressed" in message(logs.path("x.log.gz"))


def test_a_fifo_is_named(logs: Logs) -> None:
    os.mkfifo(logs.path("fifo"))
    assert "not regular files" in message(logs.path("fifo"))


def test_a_file_without_permission(unprivileged: Logs) -> None:
    unprivileged.append("x.log", "text\n")
    unprivileged.path("x.log").chmod(0)
    path = unprivileged.path("x.log")
    wanted = f"{path} cannot be read (permission denied); ask its owner for read permission."
    assert message(path) == wanted
    assert message(unprivileged.root) == wanted
    unprivileged.append("y.log", "text\n")
    found = discover([unprivileged.root])
    assert names(found) == ["y.log"]
    assert list(found.problems) == ["x.log"]


def test_a_directory_without_permission(unprivileged: Logs) -> None:
    unprivileged.append("sub/x.log", "text\n")
    unprivileged.path("sub").chmod(0)
    try:
        assert "sub cannot be listed (permission denied)" in message(unprivileged.root)
    finally:
        unprivileged.path("sub").chmod(0o755)
