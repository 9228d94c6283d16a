"""One running demo for the tests that read from it and add people of their own."""

from collections.abc import Iterator

import pytest

from tests.demo.shop import Demo, demo_folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker has the running demo, and with it all tests that ask it."""
    for item in items:
        if "demo" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("demo"))


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """Running, its history sent."""
    with demo_folder() as one:
        one.start()
        yield one
