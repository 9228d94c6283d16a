"""The web program with a list of boats besides its own pages."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from tests.web.conftest import _pool, _quick_passwords, alice, bob, charlie, shop, transactional_users

__all__ = ["_pool", "_quick_passwords", "alice", "bob", "charlie", "shop", "transactional_users"]


@pytest.fixture(autouse=True)
def _boats() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.lists.boats"):
        yield
