"""The browser library that the collector serves: whole, from us alone, and not sent twice."""

import gzip
import re

import pytest

from onefold.programs.collector.sdk import _chunks
from tests.collector.conftest import Sender

PATHS = ("/onefold.js", "/analytics.js/v1/pk_1/analytics.min.js")


@pytest.mark.parametrize("path", PATHS)
def test_the_library_comes_with_our_beginning(sender: Sender, path: str) -> None:
    answer = sender.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "max-age=3600" in answer.headers["cache-control"]
    assert "window.__onefold" in answer.text[:2_000]
    assert "AnalyticsBrowser" in answer.text or "__WRITE_KEY__" in answer.text


def test_the_library_names_no_other_host(sender: Sender) -> None:
    """But for a page of documentation that a message tells of."""
    texts = [sender.http.get(PATHS[0]).text]
    texts += [sender.http.get(f"/analytics-next/bundles/{name}").text for name in sorted(_chunks())]
    assert len(texts) == 7
    for text in texts:
        code = re.sub(r"^//.*$", "", text, flags=re.MULTILINE)
        hosts = set(re.findall(r'"https?://([a-z0-9.-]+\.[a-z]{2,})[/"]', code))
        assert hosts <= {"segment.com", "www.w3.org"}, hosts


@pytest.mark.parametrize("name", [PATHS[0], "chunk"])
def test_what_has_not_changed_is_not_sent_again(sender: Sender, name: str) -> None:
    path = name if name == PATHS[0] else f"/analytics-next/bundles/{min(_chunks())}"
    first = sender.http.get(path)
    again = sender.http.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert ("immutable" in first.headers["cache-control"]) is (name == "chunk")


def test_it_is_sent_packed_to_who_can_unpack(sender: Sender) -> None:
    plain = sender.http.get(PATHS[0], headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with sender.http.stream("GET", PATHS[0], headers={"accept-encoding": "gzip, br"}) as packed:
        raw = b"".join(packed.iter_raw())
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < 45_000


@pytest.mark.parametrize("name", ["standalone.js", "..%2f..%2fapp.py", "x.js"])
def test_no_other_file_is_given_away(sender: Sender, name: str) -> None:
    answer = sender.http.get(f"/analytics-next/bundles/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
