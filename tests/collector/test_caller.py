"""Keys and addresses in a request's headers."""

import base64

import pytest

from onefold.programs.collector.caller import Headers, caller_of, keep_ip, keys_in, keys_in_query


def basic(text: str) -> Headers:
    return {b"authorization": b"Basic " + base64.b64encode(text.encode())}


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        ({}, []),
        (basic("k:"), ["k"]),
        (basic("k"), ["k"]),
        (basic("k:secret"), ["secret", "k"]),
        ({b"authorization": b"basic azo="}, ["k"]),
        ({b"authorization": b"Basic azo"}, ["k"]),  # without padding
        ({b"authorization": b"Basic pk_plain"}, ["pk_plain"]),
        ({b"authorization": b"Bearer sk_x"}, ["sk_x"]),
        ({b"authorization": b"Basic"}, []),
        ({b"authorization": b""}, []),
        ({b"authorization": b"Digest k"}, []),
        ({b"x-write-key": b"kid:secret"}, ["secret", "kid"]),
        ({b"x-write-key": b" k "}, ["k"]),
        ({b"x-write-key": b"k" * 401}, []),
    ],
)
def test_keys_in_headers(headers: Headers, keys: list[str]) -> None:
    found = list(keys_in(headers))
    assert found[: len(keys)] == keys
    assert bool(found) == bool(keys)


def test_x_write_key_comes_before_basic() -> None:
    assert next(keys_in({b"x-write-key": b"a", **basic("b:")})) == "a"


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (b"", []),
        (b"writeKey=k", ["k"]),
        (b"a=1&writeKey=k%3A&b=2", ["k"]),
        (b"writekey=k", ["k"]),
        (b"key=k", []),
        (b"writeKey=k" + b"&a=1" * 500, []),
    ],
)
def test_keys_in_the_query(query: bytes, keys: list[str]) -> None:
    assert list(keys_in_query(query)) == keys


@pytest.mark.parametrize(
    ("ip", "policy", "kept"),
    [
        ("203.0.113.77", "keep", "203.0.113.77"),
        ("203.0.113.77", "truncate", "203.0.113.0"),
        ("203.0.113.77", "drop", ""),
        ("2001:db8:1:2:3::4", "keep", "2001:db8:1:2:3::4"),
        ("2001:db8:1:2:3::4", "truncate", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "truncate", "203.0.113.0"),
        ("fe80::1%eth0", "truncate", "fe80::"),
        ("[2001:db8::1]", "keep", "2001:db8::1"),
        ("nonsense", "truncate", ""),
        ("nonsense", "keep", ""),
        ("1.2.3", "truncate", ""),
        ("", "keep", ""),
    ],
)
def test_what_is_kept_of_an_address(ip: str, policy: str, kept: str) -> None:
    assert keep_ip(ip, policy) == kept


@pytest.mark.parametrize(
    ("forwarded", "proxies", "ip"),
    [
        (b"", 0, "10.0.0.9"),
        (b"1.1.1.1", 0, "10.0.0.9"),  # nobody in front: anyone may have written that
        (b"1.1.1.1", 1, "1.1.1.1"),
        (b"6.6.6.6, 1.1.1.1", 1, "1.1.1.1"),  # the client's own word is not believed
        (b"6.6.6.6, 1.1.1.1, 10.0.0.2", 2, "1.1.1.1"),
        (b"1.1.1.1", 2, "10.0.0.9"),
        (b"", 1, ""),
        (b"unknown", 1, ""),
    ],
)
def test_the_address_behind_proxies(forwarded: bytes, proxies: int, ip: str) -> None:
    caller = caller_of({"client": ("10.0.0.9", 5)}, {b"x-forwarded-for": forwarded}, 7, proxies)
    assert (caller.ip, caller.received_at) == (ip, 7)


def test_user_agents_are_bounded() -> None:
    caller = caller_of({"client": None}, {b"user-agent": b"\xffx\0" * 2_000}, 7, 0)
    assert len(caller.user_agent) <= 1_000
    assert "\0" not in caller.user_agent
    assert caller.ip == ""


def test_the_browsers_wish_is_heard_of_public_keys_only() -> None:
    wish = caller_of({"client": ("192.0.2.1", 1)}, {b"sec-gpc": b"1"}, 1, 0)
    assert wish.has_gpc
    assert not caller_of({"client": ("192.0.2.1", 1)}, {b"sec-gpc": b"0"}, 1, 0).has_gpc
