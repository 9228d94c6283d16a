"""Signatures are those of Standard Webhooks; addresses and events are checked; attempts end."""

import pytest

from onefold.webhooks.rules import (
    PAUSES_S,
    WebhookRejected,
    checked_events,
    checked_url,
    headers,
    is_asked,
    pause_s,
    signature,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_signature_is_the_one_of_the_specification_s_example() -> None:
    said = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_two_secrets_are_in_force_both_sign() -> None:
    sent = headers([SECRET, "whsec_AAAA"], "msg_1", 7, "{}")
    assert (
        sent["webhook-signature"]
        == f"{signature(SECRET, 'msg_1', 7, '{}')} {signature('whsec_AAAA', 'msg_1', 7, '{}')}"
    )
    assert (sent["webhook-id"], sent["webhook-timestamp"]) == ("msg_1", "7")


def test_patterns_choose_events() -> None:
    assert is_asked("deal.won", ["*"])
    assert is_asked("deal.won", ["task.created", "deal.*"])
    assert is_asked("deal.won", ["deal.won"])
    assert not is_asked("deal.won", ["dea.*", "deal.wo", "task.*"])


@pytest.mark.parametrize("given", [[], [" "], ["deal"], ["deal.won.more"], ["Deal.*"], [f"a{n}.*" for n in range(51)]])
def test_other_patterns_are_refused(given: list[str]) -> None:
    with pytest.raises(WebhookRejected):
        checked_events(given)


@pytest.mark.parametrize(
    "given",
    ["", "example.com", "ftp://example.com/", "https://", "https://me:secret@example.com/", "https://example.com/#x",
     "https://exa mple.com/", "http://[::1", "http://example.com:99999/", "http://example.com/\r\nx: y",
     "https://bücher.example/", "https://example.com/" + 2_000 * "a"],
)  # fmt: skip
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(WebhookRejected):
        checked_url(given)


def test_attempts_go_on_for_three_days_and_end() -> None:
    pauses = [pause_s(tries, 0.0) for tries in range(1, len(PAUSES_S) + 1)]
    assert pauses == sorted(PAUSES_S)
    assert 3 * 86_400 < sum(PAUSES_S) < 3.5 * 86_400
    assert pause_s(len(PAUSES_S) + 1, 0.5) is None
    assert pause_s(1, 1.0) == pytest.approx(5.5)


def test_who_asks_for_time_gets_it_up_to_a_day() -> None:
    assert pause_s(1, 0.0, 600) == 600
    assert pause_s(1, 0.0, 10**8) == 86_400
