"""The tracking API from outside: paths, keys, answers."""
from tests.collector.conftest import Sender, track


def test_first(sender: Sender) -> None:
    answer = sender.post("/v1/batch", {"batch": [track(), track(messageId="m2", userId=None)], "sentAt": "2026-11-22T00:00:00Z"})
    print(answer.status_code, answer.text, answer.headers)
    print(sender.rows())
    assert answer.status_code == 200
