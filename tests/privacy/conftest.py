"""The people and the shop of the web tests, to ask what privacy makes of them."""

from tests.web.conftest import (
    _pool,
    _quick_passwords,
    alice,
    bob,
    charlie,
    processor,
    robot,
    shop,
    transactional_users,
)

__all__ = [
    "_pool",
    "_quick_passwords",
    "alice",
    "bob",
    "charlie",
    "processor",
    "robot",
    "shop",
    "transactional_users",
]
