"""Reads pages as a person would: what is there, whose names, where a link leads."""

import re
from html import unescape

from django.test import Client

from onefold.kernel.hashing import identifier_hash
from onefold.profiles.ids import to_text


def page(client: Client, path: str, **headers: str) -> str:
    """The text of a page that is there."""
    response = client.get(path, headers=headers)
    assert response.status_code == 200, (path, response.status_code, response.content[-300:])
    return response.content.decode()


def names(html: str) -> list[str]:
    """Names in a list of people, in its order."""
    return [unescape(name) for name in re.findall(r'<a href="/people/[0-9a-f]{16}"[^>]*>([^<]*)</a>', html)]


def person(user_id: str) -> str:
    """Address of the page of the person with this user id."""
    return f"/people/{to_text(identifier_hash('user_id', user_id))}"


def found(pattern: str, html: str) -> str:
    """The first group of the pattern, which must be there."""
    match = re.search(pattern, html)
    assert match, pattern
    return unescape(match[1])
