"""One running demo for the tests that read from it and add people of their own."""

from collections.abc import Iterator

import pytest

from tests.demo.shop import Demo, demo_folder


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Running, its history sent."""
    with demo_folder() as one:
        one.start()
        yield one
