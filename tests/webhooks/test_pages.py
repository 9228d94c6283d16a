"""An administrator's page: endpoints, the secret once, messages with their attempts."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from onefold.accounts.api import Role
from onefold.webhooks.delivering import deliver_due
from tests.web.conftest import Shop, signed_in
from tests.webhooks.receiver import receiving

if TYPE_CHECKING:
    from onefold.accounts.models import User

PAGE = "/settings/webhooks"
AWFUL = "<script>alert(1)</script>\u202e" + 20 * "x"


def test_an_administrator_makes_one_tests_it_and_sees_what_came_of_it(
    shop: Shop, make_user: "Callable[..., User]"
) -> None:
    ann = signed_in(make_user("ann", Role.ADMIN))
    assert "No webhooks yet." in ann.get(PAGE).content.decode()
    with receiving() as receiver:
        receiver.answers = [500, 200]
        sent: dict[str, Any] = {"name": AWFUL, "url": receiver.url, "events": ["deal.*"], "others": "boat.created"}
        html = ann.post(PAGE, sent).content.decode()
        secret = re.search(r"whsec_[A-Za-z0-9+/=]+", html)
        assert secret
        assert "<script>alert" not in html
        assert secret[0] not in ann.get(f"{PAGE}/1").content.decode(), "shown once"
        assert ann.post(f"{PAGE}/1/test").status_code == 302
        deliver_due(shop.conn, may_be_private=True)
        html = ann.get(f"{PAGE}/1").content.decode()
        assert "Failing since" in html
        assert "webhook.test" in html
        assert ann.post(f"{PAGE}/1/pause").status_code == 302
        assert ann.post(f"{PAGE}/1/resume").status_code == 302
        deliver_due(shop.conn, may_be_private=True)
        assert "Delivered" in ann.get(f"{PAGE}/1?state=delivered").content.decode()
        (number,) = shop.conn.execute("select id from webhook_delivery").fetchone() or (0,)
        assert ann.post(f"{PAGE}/1/deliveries/{number}/again").status_code == 302
        deliver_due(shop.conn, may_be_private=True)
        assert len(receiver.received) == 3
    assert "boat.created" in ann.get(f"{PAGE}/1").content.decode()
    assert AWFUL[:8] not in ann.get(PAGE).content.decode()
    assert "whsec_" in ann.post(f"{PAGE}/1/secret").content.decode()
    assert ann.post(f"{PAGE}/1/remove").status_code == 302
    assert ann.get(f"{PAGE}/1").status_code == 404


def test_a_fault_is_said_beside_the_form_that_keeps_what_was_typed(
    shop: Shop, make_user: "Callable[..., User]"
) -> None:
    ann = signed_in(make_user("ann", Role.ADMIN))
    answer = ann.post(PAGE, {"name": "Mine", "url": "nowhere", "events": ["deal.won"]})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Write the whole address" in html
    assert 'value="nowhere"' in html
    assert ann.post(PAGE, {"name": "Mine", "url": "https://example.com/"}).status_code == 422
    assert shop.conn.execute("select count(*) from webhook_endpoint").fetchone() == (0,)
