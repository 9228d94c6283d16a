"""The shop of tests/web, for pages."""

from tests.crm.conftest import make_user  # noqa: F401  a fixture
from tests.web.conftest import _pool, _quick_passwords, shop, statements  # noqa: F401  fixtures
