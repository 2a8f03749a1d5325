"""Which checkpoint can be gone on from; the damaged ones are made, not imagined."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from trainwatch.checkpoints import State, survey
from trainwatch.checkpoints.containers import check_file

from .making import NOW, cut, hugging_face, safetensors, settle, torch_file


def break_weights(place: Path) -> None:
    cut(place / "model.safetensors", 0.7)


def break_header(place: Path) -> None:
    cut(place / "model.safetensors", 0.05)


def break_optimizer(place: Path) -> None:
    cut(place / "optimizer.pt", 0.6)


def lose_optimizer(place: Path) -> None:
    (place / "optimizer.pt").unlink()


def lose_scheduler(place: Path) -> None:
    (place / "scheduler.pt").unlink()


def lose_weights(place: Path) -> None:
    (place / "model.safetensors").unlink()


def break_state(place: Path) -> None:
    cut(place / "trainer_state.json", 0.5)


def break_random_state(place: Path) -> None:
    (place / "rng_state.pth").write_bytes(b"")


def zeros(place: Path) -> None:
    path = place / "optimizer.pt"
    data = path.read_bytes()
    path.write_bytes(b"PK\x03\x04" + data[4:60] + b"\0" * 5100 + data[5160:])


DAMAGES = {
    break_weights: "truncated",
    break_header: "truncated within its header",
    break_optimizer: "optimizer.pt",
    lose_optimizer: "optimizer.pt is missing",
    lose_scheduler: "scheduler.pt is missing",
    lose_weights: "weights are missing",
    break_state: "trainer_state.json cannot be parsed",
    break_random_state: "rng_state.pth: it is empty",
    zeros: "optimizer.pt",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
def test_a_damaged_checkpoint_gives_way_to_the_next_older_one(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    for step in (1000, 2000, 10000):
        hugging_face(tmp_path / "results", step)
    assert survey([str(tmp_path)], NOW).newest.step == 10000
    damage(tmp_path / "results" / "checkpoint-10000")
    settle(tmp_path)
    found = survey([str(tmp_path)], NOW)
    assert found.newest.path == str(tmp_path / "results" / "checkpoint-2000")
    (bad,) = found.damaged
    assert DAMAGES[damage] in bad.problem
    assert (bad.step, bad.state) == (10000, State.DAMAGED)


def test_what_is_incomplete_and_fresh_is_being_written(tmp_path: Path) -> None:
    place = hugging_face(tmp_path, 10)
    settle(tmp_path)
    (place / "trainer_state.json").unlink()
    os.utime(place / "model.safetensors", (NOW - 1, NOW - 1))
    torch_file(tmp_path / "checkpoint-3.pt")
    state = survey([str(tmp_path)], NOW).found[0].state
    assert state is State.WRITING
    assert survey([str(tmp_path)], NOW, settled=True).found[0].state is State.DAMAGED


def test_a_training_that_saves_no_optimizer_is_not_told_to(tmp_path: Path) -> None:
    for step in (1, 2):
        place = hugging_face(tmp_path, step)
        for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
            (place / name).unlink()
    assert survey([str(tmp_path)], NOW, settled=True).newest.step == 2


def test_files_of_torch_save_are_ordered_by_step_and_others_are_no_checkpoints(
    tmp_path: Path,
) -> None:
    for name in (
        "ckpt_90.pt",
        "ckpt_100.pt",
        "epoch=3-step=400.ckpt",
        "model.pt",
        "tmp-step-900.pt",
    ):
        torch_file(tmp_path / name)
    found = survey([str(tmp_path)], NOW).found
    assert [one.step for one in found] == [400, 100, 90]
    assert survey([str(tmp_path / "nowhere")], NOW).newest is None


def test_sharded_weights_need_every_shard(tmp_path: Path) -> None:
    place = hugging_face(tmp_path, 5)
    (place / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (place / "model.safetensors.index.json").write_text(json.dumps(index))
    safetensors(place / "model-1.safetensors")
    assert (
        "model-2.safetensors are missing"
        in survey([str(tmp_path)], NOW, settled=True).found[0].problem
    )
    safetensors(place / "model-2.safetensors")
    assert survey([str(tmp_path)], NOW).newest.step == 5


def test_every_cut_of_a_file_is_noticed(tmp_path: Path) -> None:
    for make in (torch_file, safetensors):
        path = make(tmp_path / ("x.pt" if make is torch_file else "x.safetensors"))
        data = path.read_bytes()
        assert check_file(path) is None
        for length in range(0, len(data), 37):
            path.write_bytes(data[:length])
            assert check_file(path), length


def test_a_real_checkpoint_of_torch_is_sound(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    torch.save({"w": torch.zeros(1000)}, tmp_path / "step_3.pt")
    assert survey([str(tmp_path)], NOW).newest.step == 3
    torch.save({"w": torch.zeros(10)}, tmp_path / "step_2.pt", _use_new_zipfile_serialization=False)
    assert [one.step for one in survey([str(tmp_path)], NOW).found] == [3, 2]
