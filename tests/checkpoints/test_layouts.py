"""Checkpoints as several frameworks arrange them, whole, cut off at any byte, and half written."""

from __future__ import annotations

import io
import json
import os
import pickle  # noqa: TID251 - to write, never to load
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainwatch.checkpoints import Checkpoint, State, survey
from trainwatch.checkpoints.containers import check_file, place_of
from trainwatch.checkpoints.pickles import atoms

from .making import NOW, safetensors, settle, torch_file

ANY_EXAMPLES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def first(root: Path, *, settled: bool = True) -> Checkpoint:
    return survey([str(root)], NOW, settled=settled).found[0]


def newest(root: Path) -> str | None:
    found = survey([str(root)], NOW, settled=True).newest
    return None if found is None else found.path.removeprefix(f"{root}/")


def deepspeed(root: Path, step: int, ranks: int = 2, *, named: bool = True) -> Path:
    place = root / f"global_step{step}"
    place.mkdir(parents=True)
    torch_file(place / "mp_rank_00_model_states.pt")
    for rank in range(ranks):
        torch_file(place / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")
    if named:
        (root / "latest").write_text(f"global_step{step}")
    return place


def megatron(root: Path, step: int, *, named: bool = True) -> Path:
    place = root / f"iter_{step:07}"
    for rank in range(2):
        (place / f"mp_rank_0{rank}").mkdir(parents=True)
        torch_file(place / f"mp_rank_0{rank}" / "model_optim_rng.pt")
    if named:
        (root / "latest_checkpointed_iteration.txt").write_text(str(step))
    return place


def accelerate(root: Path, number: int) -> Path:
    place = root / f"checkpoint_{number}"
    place.mkdir(parents=True)
    safetensors(place / "model.safetensors")
    for name in ("optimizer.bin", "scheduler.bin", "random_states_0.pkl", "random_states_1.pkl"):
        torch_file(place / name)
    return place


def own(root: Path, step: int) -> Path:
    place = root / f"step_{step}"
    place.mkdir(parents=True)
    torch_file(place / "model.pt")
    torch_file(place / "optim.pt")
    return place


class _Storage:
    """What a `_StorageInfo` of torch.distributed.checkpoint keeps."""

    def __init__(self, relative_path: str, offset: int, length: int) -> None:
        self.relative_path, self.offset, self.length = relative_path, offset, length


def distributed(root: Path, name: str) -> Path:
    place = root / name
    place.mkdir(parents=True)
    table = {}
    for rank in range(2):
        (place / f"__{rank}_0.distcp").write_bytes(b"w" * 300)
        table[rank, 0] = _Storage(f"__{rank}_0.distcp", 0, 100)
        table[rank, 1] = _Storage(f"__{rank}_0.distcp", 100, 200)
    (place / ".metadata").write_bytes(pickle.dumps({"storage_data": table}))
    return place


MAKERS: dict[str, Callable[[Path, int], Path]] = {
    "deepspeed": deepspeed,
    "megatron": megatron,
    "own": own,
    "dcp": lambda root, step: distributed(root, f"step-{step}"),
    "lightning": lambda root, step: distributed(root, f"epoch=1-step={step}.ckpt"),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_each_file_that_is_lost_or_cut_off_is_noticed(
    tmp_path: Path, make: Callable[[Path, int], Path]
) -> None:
    make(tmp_path, 100)
    place = make(tmp_path, 200)
    files = [file for file in place.rglob("*") if file.is_file()]
    assert [(one.step, one.state) for one in survey([str(tmp_path)], NOW, settled=True).found] == [
        (200, State.SOUND),
        (100, State.UNCHECKED),
    ]
    for file in files:
        data = file.read_bytes()
        for keep in (None, 0, len(data) // 2, len(data) - 1):
            if keep is None:
                file.unlink()
            else:
                file.write_bytes(data[:keep])
            found = survey([str(tmp_path)], NOW, settled=True)
            assert found.damaged[0].step == 200, (file.name, keep)
            assert found.newest
            assert found.newest.step == 100
        file.write_bytes(data)


def test_what_the_tracker_does_not_name_is_not_finished(tmp_path: Path) -> None:
    for make, tracker in (
        (deepspeed, "latest"),
        (megatron, "latest_checkpointed_iteration.txt"),
    ):
        root = tmp_path / make.__name__
        make(root, 100)
        make(root, 200, named=False)
        assert first(root).problem == f"{tracker} does not name it yet"
        found = survey([str(root)], NOW, settled=True).newest
        assert found
        assert found.step == 100
        (root / tracker).write_text("global_step200" if tracker == "latest" else "200")
        assert first(root).state is State.SOUND


def test_a_single_save_of_deepspeed_without_its_tracker_is_not_finished(tmp_path: Path) -> None:
    deepspeed(tmp_path, 100, named=False)
    assert first(tmp_path).problem == "latest is missing"


def test_accelerates_numbers_are_no_steps(tmp_path: Path) -> None:
    accelerate(tmp_path, 2)
    place = accelerate(tmp_path, 10)
    assert newest(tmp_path) == "checkpoint_10"
    assert first(tmp_path).step is None
    (place / "random_states_1.pkl").unlink()
    assert newest(tmp_path) == "checkpoint_2"
    (place / "random_states_0.pkl").unlink()
    assert first(tmp_path).problem == "random_states_0.pkl is missing"


def test_a_hugging_face_checkpoint_of_deepspeed_or_fsdp(tmp_path: Path) -> None:
    for step in (1, 2):
        root = tmp_path / str(step)
        place = root / f"checkpoint-{step}"
        place.mkdir(parents=True)
        fsdp = "pytorch_model_fsdp_0"
        inside = deepspeed(place, step) if step == 1 else distributed(place, fsdp)
        (place / "trainer_state.json").write_text(json.dumps({"global_step": step}))
        assert first(root).step == step
        assert first(root).state is State.SOUND, first(root).problem
        for file in inside.iterdir():
            if not file.name.startswith("zero_pp_rank_1"):  # the last of an unknown number
                data = file.read_bytes()
                file.unlink()
                assert first(root).state is State.DAMAGED, file
                file.write_bytes(data)


def test_the_full_state_of_fsdp_by_hugging_face(tmp_path: Path) -> None:
    place = tmp_path / "checkpoint-7"
    place.mkdir()
    for name in ("pytorch_model_fsdp.bin", "optimizer.bin", "scheduler.pt", "rng_state_0.pth"):
        torch_file(place / name)
    (place / "trainer_state.json").write_text(json.dumps({"global_step": 7}))
    assert first(tmp_path).state is State.SOUND
    (place / "pytorch_model_fsdp.bin").unlink()
    assert first(tmp_path).problem == "its weights are missing"


def test_a_run_that_saves_states_of_several_ranks_beside_each_other(tmp_path: Path) -> None:
    """`rng_state_0.pth` looks like a numbered checkpoint, and is a part of one."""
    place = tmp_path / "checkpoint-7"
    place.mkdir()
    safetensors(place / "model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state_0.pth", "rng_state_1.pth"):
        torch_file(place / name)
    (place / "trainer_state.json").write_text(json.dumps({"global_step": 7}))
    assert [one.name for one in survey([str(tmp_path)], NOW).found] == ["checkpoint-7"]


def test_last_is_gone_on_from_and_best_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    state(tmp_path / "best.pt", {"epoch": 9})
    assert newest(tmp_path) == "best.pt"
    state(tmp_path / "last.pt", {"epoch": 3, "global_step": 70, "model": {}})
    assert newest(tmp_path) == "last.pt"
    assert (first(tmp_path).step, first(tmp_path).epoch) == (70, 3)


def test_epochs_are_no_steps(tmp_path: Path) -> None:
    for epoch in (2, 10):
        torch_file(tmp_path / f"epoch_{epoch}.pt")
    found = first(tmp_path)
    assert (found.name, found.step, found.epoch) == ("epoch_10.pt", None, 10)


@pytest.mark.parametrize(
    "name",
    [
        "epoch_4.pt.tmp",
        ".step_4.pt.x81",
        "tmp-checkpoint-4",
        "step_4.partial",
        "step_4.pt.incomplete",
    ],
)
def test_temporary_names_are_passed_over(tmp_path: Path, name: str) -> None:
    if name.startswith("tmp-"):
        own(tmp_path, 4).rename(tmp_path / name)
    else:
        torch_file(tmp_path / name)
    assert survey([str(tmp_path)], NOW, settled=True).found == ()


def test_what_may_still_grow_is_not_gone_on_from(tmp_path: Path) -> None:
    own(tmp_path, 1)
    settle(tmp_path)
    place = own(tmp_path, 2)
    (place / "optim.pt").unlink()
    os.utime(place / "model.pt", (NOW - 1, NOW - 1))
    found = survey([str(tmp_path)], NOW)
    assert [one.name for one in found.writing] == ["step_2"]
    assert found.newest
    assert found.newest.step == 1
    (tmp_path / "step_3.pt").write_bytes(b"")
    os.utime(tmp_path / "step_3.pt", (NOW, NOW))
    assert [one.name for one in survey([str(tmp_path)], NOW).writing] == ["step_3.pt", "step_2"]


def test_the_newest_of_a_living_training_may_take_minutes(tmp_path: Path) -> None:
    own(tmp_path, 1)
    place = distributed(tmp_path, "step-2")
    (place / ".metadata").unlink()
    settle(tmp_path)
    for file in place.iterdir():
        os.utime(file, (NOW - 300, NOW - 300))
    assert [one.name for one in survey([str(tmp_path)], NOW, alive=True).writing] == ["step-2"]
    assert [one.name for one in survey([str(tmp_path)], NOW).damaged] == ["step-2"]
    own(tmp_path, 3)
    settle(tmp_path / "step_3")
    (tmp_path / "step_3" / "optim.pt").unlink()
    found = survey([str(tmp_path)], NOW, alive=True)
    assert [one.name for one in found.damaged] == ["step_3", "step-2"]


def test_data_that_is_numbered_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "predictions_epoch_3.bin").write_bytes(b"\x01\x02\x03\x04" * 50)
    (tmp_path / "step_3").mkdir()
    (tmp_path / "step_3" / "picture.png").write_bytes(b"x")
    work = tmp_path / "step2_finetuning"
    work.mkdir()
    torch_file(work / "pretrained.pt")
    torch_file(work / "step_5.pt")
    assert [one.name for one in survey([str(tmp_path)], NOW).found] == ["step_5.pt"]


def test_a_heap_of_data_does_not_hide_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainwatch.checkpoints.search._MOST", 300)
    monkeypatch.setattr("trainwatch.checkpoints.search._MOST_OF_ONE", 100)
    own(tmp_path / "results" / "first", 7)
    for name in ("a", "b", "c", "d"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(120):
            (tmp_path / "data" / name / f"{number}.png").touch()
    found = survey([str(tmp_path)], NOW, settled=True).newest
    assert found
    assert found.step == 7


def state(path: Path, value: object) -> Path:
    """As `torch.save` writes, but for the tensors."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, protocol=2))
        archive.writestr("archive/data/0", b"w" * 500)
    return path


@given(st.data())
@ANY_EXAMPLES
def test_a_file_that_is_cut_off_anywhere_is_damaged(tmp_path: Path, data: st.DataObject) -> None:
    make = data.draw(
        st.sampled_from([torch_file, safetensors, lambda p: state(p, {"a": [1] * 99})])
    )
    suffix = "safetensors" if make is safetensors else "pt"
    path = make(tmp_path / f"step_1.{suffix}")
    whole = path.read_bytes()
    assert check_file(path) is None
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert check_file(path) is not None


def test_an_archive_within_a_tensor_is_not_taken_for_the_files_own_end(tmp_path: Path) -> None:
    inner = torch_file(tmp_path / "inner.zip").read_bytes()
    path = tmp_path / "step_1.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"p" * 50)
        archive.writestr("archive/data/0", inner)
    whole = path.read_bytes()
    assert check_file(path) is None
    path.write_bytes(whole[: whole.rindex(inner) + len(inner)])
    assert check_file(path)


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("exploded",)


def test_a_pickle_is_read_and_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state(tmp_path / "last.pt", {"global_step": 5, "x": _Bomb()})
    (tmp_path / "step_3.pt").write_bytes(pickle.dumps({"x": _Bomb()}))
    found = survey([str(tmp_path)], NOW, settled=True).found
    assert sorted(one.name for one in found) == ["last.pt", "step_3.pt"]
    assert place_of(tmp_path / "last.pt").step == 5
    assert not (tmp_path / "exploded").exists()


@given(st.binary(max_size=200))
@ANY_EXAMPLES
def test_any_bytes_at_all_give_a_sentence(tmp_path: Path, data: bytes) -> None:
    for name in ("step_1.pt", "step_1.safetensors"):
        path = tmp_path / name
        for head in (b"", b"PK\x03\x04", b"\x80\x02"):
            path.write_bytes(head + data)
            problem = check_file(path)
            assert problem is None or problem
            place_of(path)
    place = tmp_path / "step-1"
    place.mkdir(exist_ok=True)
    (place / ".metadata").write_bytes(data)
    survey([str(tmp_path)], NOW, settled=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.floats() | st.binary(),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        ),
        max_leaves=20,
    ),
    st.integers(0, pickle.HIGHEST_PROTOCOL),
)
def test_the_constants_of_any_pickle_are_read(value: object, protocol: int) -> None:
    list(atoms(io.BytesIO(pickle.dumps(value, protocol))))
    named = [OrderedDict(step=7), value]
    found = list(atoms(io.BytesIO(pickle.dumps(named, protocol))))
    assert "step" in found
    assert 7 in [atom for atom in found if type(atom) is int]


@pytest.fixture(scope="module")
def torch_states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch", reason="needs torch")
    import torch.distributed.checkpoint as dcp  # noqa: PLC0415

    root = tmp_path_factory.mktemp("torch")
    model = torch.nn.Linear(5, 5)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(1, 5)).sum().backward()
    optimizer.step()
    value = {
        "model": model.state_dict(),
        "half": torch.zeros(7, dtype=torch.bfloat16),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "global_step": 77,
    }
    torch.save(value, root / "new.pt")
    torch.save(value, root / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.warns(UserWarning, match="single process"):
        dcp.save({"model": model.state_dict()}, checkpoint_id=str(root / "step-5"))
    return root


@pytest.mark.parametrize("name", ["new.pt", "old.pt"])
def test_what_torch_wrote_is_sound_and_every_cut_of_it_is_not(
    torch_states: Path, tmp_path: Path, name: str
) -> None:
    whole = (torch_states / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole)
    assert check_file(path) is None
    assert place_of(path) == (77, 3)
    assert [n for n in range(0, len(whole), 7) if not cut_is_noticed(path, whole[:n])] == []
    assert [
        n for n in range(len(whole) - 60, len(whole)) if not cut_is_noticed(path, whole[:n])
    ] == []


def cut_is_noticed(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    return check_file(path) is not None


def test_every_cut_of_what_torch_distributed_wrote_is_noticed(torch_states: Path) -> None:
    found = survey([str(torch_states / "step-5")], NOW, settled=True)
    assert [(one.step, one.state) for one in found.found] == [(5, State.SOUND)]
    for file in (torch_states / "step-5").iterdir():
        whole = file.read_bytes()
        for keep in (*range(0, len(whole), 97), len(whole) - 1):
            file.write_bytes(whole[:keep])
            assert first(torch_states / "step-5").state is State.DAMAGED, (file.name, keep)
        file.write_bytes(whole)
