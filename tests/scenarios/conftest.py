"""One installation a module: they take seconds to start, and a module's counts shall be its own."""

from collections.abc import Iterator

import pytest

from tests.scenarios.installation import Installation, installed


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """Running, with PostgreSQL as it comes: fsync on."""
    with installed() as one:
        yield one
