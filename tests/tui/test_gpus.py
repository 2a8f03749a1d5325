"""GPUs and hosts as lines."""

from dataclasses import replace

import numpy as np
import pytest

from tests.tui import fake_views
from tests.tui.helpers import texts
from trainwatch.model.snapshot import RunView, Status
from trainwatch.model.system import GpuView
from trainwatch.tui.draw import gpus, gpustrip, hosts
from trainwatch.tui.draw.table import fitting, row
from trainwatch.tui.draw.words import size


def rows(view: RunView, width: int = 120) -> list[str]:
    assert view.system is not None
    columns = fitting(gpus.columns(view, width), width)
    return texts([row(columns, gpu, width) for gpu in gpus.by_trouble(view.system)])


def with_gpus(*found: GpuView) -> RunView:
    return fake_views.healthy(system=replace(fake_views.system(), gpus=found))


def gpu(**fields: object) -> GpuView:
    return replace(fake_views.system().gpus[0], **fields)  # type: ignore[arg-type]


def test_those_that_need_a_look_come_first() -> None:
    shown = rows(fake_views.stalled())
    assert [one.split()[0] for one in shown] == ["7", "3", "5", "0", "1", "2", "4", "6"]
    assert shown[0].endswith("LOST: last known values")
    assert shown[1].endswith("idle")
    assert shown[2].endswith("throttled: thermal")


def test_a_guess_at_who_computes_on_it_is_marked() -> None:
    assert rows(with_gpus(gpu(ranks=(3,), assumed=True)))[0].split()[:2] == ["0", "3?"]
    assert rows(with_gpus(gpu(ranks=(3, 4))))[0].split()[:2] == ["0", "3,4"]


def test_a_gpu_is_idle_only_when_it_was_so_for_some_samples() -> None:
    busy_before = {"utilization": np.array([90.0, 90.0, 90.0, 90.0, 0.0])}
    assert not rows(with_gpus(gpu(utilization=0.0, history=busy_before)))[0].endswith("idle")
    still = {"utilization": np.array([90.0, 0.0, 0.0, np.nan, 0.0, 0.0])}
    assert rows(with_gpus(gpu(utilization=0.0, history=still)))[0].endswith("idle")
    assert not rows(with_gpus(gpu(utilization=0.0, history=still, ranks=())))[0].endswith("idle")


def test_what_a_driver_does_not_tell_is_never_nought() -> None:
    shown = rows(with_gpus(GpuView(host="a17", index=0)))[0]
    assert shown.split() == ["0", "-", "n/a", "n/a", "n/a", "n/a"]


def test_this_machine_is_named_as_what_it_is() -> None:
    view = fake_views.healthy(system=replace(fake_views.system(), here=True))
    assert texts([gpus.heading(view, view.now)]) == ["gpus · 8 GPUs · 1 host · this machine, now"]
    old = texts([gpus.heading(view, view.now + 90)])[0]
    assert old.endswith("sampled 1 min ago")


def test_the_age_of_a_sample_moves_in_steps() -> None:
    view = fake_views.healthy()
    ages = [texts([gpus.heading(view, fake_views.NOW - 3 + age)])[0] for age in (1, 4, 12, 19, 75)]
    assert [one.rsplit(" · ", 1)[1] for one in ages] == [
        *("sampled just now", "sampled just now", "sampled 10 s ago", "sampled 10 s ago"),
        "sampled 1 min ago",
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.RUNNING, "no process of it was found here yet"),
        (Status.COMPLETED, "none was written while it ran"),
    ],
)
def test_why_there_is_nothing(status: Status, words: str) -> None:
    shown = texts(gpus.empty(fake_views.healthy(system=None, status=status)))
    assert words in shown[0]
    assert "trainwatch run samples them" in shown[1]


def test_hosts_are_wrapped_and_not_cut() -> None:
    shown = texts(hosts.host_lines(fake_views.healthy(), 60))
    assert all(len(one) <= 60 and not one.endswith("…") for one in shown)
    assert "disk /scratch 11.0 G free" in " ".join(one.strip() for one in shown)


def test_sizes() -> None:
    made = [size(bytes_) for bytes_ in (None, 900, 340 << 10, 3 << 29, 1000 << 30, 9 << 40)]
    assert made == ["n/a", "1 K", "340 K", "1.5 G", "1.0 T", "9.0 T"]


def test_the_strip_sums_up_what_needs_no_look() -> None:
    system = fake_views.stalled().system
    assert system is not None
    assert texts(gpustrip.strip(system, 60, 2)) == [
        " 7 99% 61G 71° lost   3 0% 61G 48° ◂ idle",
        " 5 99% 61G 71° throttled   5 others 99–99% 71–71° [4]",
    ]
    assert texts(gpustrip.strip(system, 24, 1)) == [" 8 more 0–99% 48–71° 3 …"]
    shown = texts(gpustrip.strip(fake_views.cluster(), 100, 2))
    assert shown == [" node127:7 97% 61G 77° lost   1023 others 97–97% 70–77° [4]"]


def test_the_driver_that_does_not_answer() -> None:
    view = with_gpus(gpu(silence=40.0))
    assert rows(view)[0].endswith("the driver has not answered for 40s")
    assert view.system is not None
    assert texts(gpustrip.strip(view.system, 80, 1)) == [" 0 99% 61G 71° silent"]


def test_a_host_takes_one_line_where_there_is_room() -> None:
    assert len(hosts.host_lines(fake_views.healthy(), 220)) == 1
