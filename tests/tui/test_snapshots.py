"""Pictures of the first screen; look at them after `pytest --snapshot-update`."""

from collections.abc import Callable

import pytest

from tests.tui import fake_views
from tests.tui.helpers import dashboard, settle


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", ["healthy", "stalled", "failed", "finished"])
def test_overview(state: str, size: tuple[int, int], snap_compare: Callable[..., bool]) -> None:
    app = dashboard(fake_views.STATES[state]())
    assert snap_compare(app, terminal_size=size, run_before=settle)
