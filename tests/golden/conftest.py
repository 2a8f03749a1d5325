"""`pytest tests/golden --update-golden` writes the golden files anew; read their diff critically."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to write instead of to compare; the option is unknown when all tests run."""
    return bool(request.config.getoption("--update-golden", default=False))
