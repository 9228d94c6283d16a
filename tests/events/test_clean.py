"""Text that PostgreSQL or a parser would choke on is replaced, and nothing else is touched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefold.events.clean import clean_text, has_replacement, is_deeper


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"\u0000"', rb'"\ufffd"'),
        (rb'"\\u0000"', rb'"\\u0000"'),  # a backslash, then letters
        (rb'"\\\u0000"', rb'"\\\ufffd"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),  # a face, as python clients write it
        (rb'"\uD83D\uDE00"', rb'"\uD83D\uDE00"'),
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83dx\ude00"', rb'"\ufffdx\ufffd"'),
        (b'"\xff"', b'"\xef\xbf\xbd"'),
        (b'"\xed\xa0\x80"', b'"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"'),  # a surrogate in UTF-8
        (b'"\xc0\x80"', b'"\xef\xbf\xbd\xef\xbf\xbd"'),  # NUL, overlong
        (b'"\xf0\x9f\x98\x80"', b'"\xf0\x9f\x98\x80"'),
        (b'{"a": 1e999, "b" :[ ]}', b'{"a": 1e999, "b" :[ ]}'),
    ],
)
def test_what_can_not_be_kept_is_replaced(sent: bytes, kept: bytes) -> None:
    assert clean_text(sent) == (kept, sent != kept)
    assert has_replacement(kept) == (sent != kept)


def test_a_byte_order_mark_goes_without_a_word() -> None:
    assert clean_text(b"\xef\xbb\xbf{}") == (b"{}", False)


@given(st.binary())
def test_any_bytes_become_valid_text_and_stay_so(raw: bytes) -> None:
    clean, _ = clean_text(raw)
    clean.decode()
    assert clean_text(clean) == (clean, False)


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())), st.booleans())
def test_every_text_is_kept_but_for_what_can_not_be(text: str, is_ascii: bool) -> None:
    clean, _ = clean_text(json.dumps(text, ensure_ascii=is_ascii).encode(errors="surrogatepass"))
    value = json.loads(clean)
    assert "\0" not in value
    value.encode()
    if is_ascii:
        expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
        assert value == expected


@pytest.mark.parametrize(
    ("depth", "limit", "is_too_deep"), [(1, 1, False), (2, 1, True), (64, 64, False), (65, 64, True)]
)
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_counted_from_the_outermost(
    depth: int, limit: int, is_too_deep: bool, opened: str, closed: str
) -> None:
    text = opened * (depth - 1) + ("[]" if opened == "[" else "{}") + closed * (depth - 1)
    assert is_deeper(text.encode(), json.loads(text), limit) is is_too_deep


def test_many_objects_side_by_side_are_not_deep() -> None:
    value = [{"a": [1]}] * 500
    assert not is_deeper(json.dumps(value).encode(), value, 3)
