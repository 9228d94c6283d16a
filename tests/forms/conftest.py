"""A collector that serves forms, a published form, and what the log holds of what was sent."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from psycopg import Connection

from onefold.config import Settings
from onefold.events.api import NewSource, PostgresLog, create_key, create_source
from onefold.forms import store
from onefold.forms.definition import Definition
from onefold.forms.store import Form
from tests.collector.conftest import Sender
from tests.collector.running import RunningCollector, running


@pytest.fixture
def site(db: Connection[Any]) -> str:
    """The key of a web site's source."""
    create_source(db, NewSource(slug="site", name="Site", kind="browser", ip_policy="truncate"), acting_user="alice")
    return create_key(db, "site", kind="public", acting_user="alice").text


@pytest.fixture
def published(db: Connection[Any], site: str) -> Callable[..., Form]:
    """Makes a form of a template with `changes`, and publishes it. Nobody needs to wait before they send it."""

    def make(template: str = "contact", **changes: Any) -> Form:
        form = store.create_form(db, name="Write to us", template=template, source_id=None, acting_user="user:alice")
        draft: Definition = msgspec.structs.replace(form.draft, **{"least_s": 0} | changes)
        store.save_draft(db, form.id, draft, acting_user="user:alice")
        store.publish(db, form.id, has_mail=True, acting_user="user:alice")
        return store.find_form(db, form.id)

    return make


@pytest.fixture
def collector(settings: Settings, site: str) -> Iterator[RunningCollector]:
    """Running on the test's database."""
    assert settings.database.url is not None
    url = settings.database.url.reveal()
    with running(PostgresLog(url), settings.collector, url) as one:
        yield one


class Visitor:
    """Somebody with a browser, at another site."""

    def __init__(self, base: str, db: Connection[Any]) -> None:
        self.http = httpx.Client(base_url=base, timeout=15)
        self.log = Sender(base, {}, db)

    def token(self, form: Form) -> str:
        return str(self.http.get(f"/forms/{form.key}/token").json()["token"])

    def send(self, form: Form, answers: dict[str, Any], **more: Any) -> httpx.Response:
        """As the script sends; `token`, `about` and headers can be said."""
        headers = more.pop("headers", {})
        body = {"answers": answers, "token": self.token(form), "about": {}} | more
        content = json.dumps(body).encode()
        return self.http.post(
            f"/forms/{form.key}", content=content, headers={"content-type": "application/json"} | headers
        )

    def logged(self) -> list[dict[str, Any]]:
        """The good events of the log; there are no bad ones."""
        good, bad = self.log.stored()
        assert bad == []
        return [msgspec.json.decode(event.body) for event in good]


@pytest.fixture
def visitor(collector: RunningCollector, db: Connection[Any]) -> Iterator[Visitor]:
    one = Visitor(collector.base, db)
    yield one
    one.http.close()
    one.log.http.close()
