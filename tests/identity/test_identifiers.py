"""Normalising identifiers, and leaving out those that stand for nobody."""

import msgspec
import pytest

from onefold.events.api import Reason
from onefold.identity.api import DEFAULT_CONFIG, Extractor, Identifier, IdentityConfig, Refused


def normalise(namespace: str, value: str, config: IdentityConfig = DEFAULT_CONFIG) -> Identifier | Refused:
    """By an extractor that has seen nothing yet."""
    return Extractor(config, {}).normalise(namespace, value)


@pytest.mark.parametrize(
    ("namespace", "sent", "kept"),
    [
        ("email", "  Ada.Lovelace+shop@Example.COM ", "ada.lovelace+shop@example.com"),
        ("email", "josé@exämple.de", "josé@exämple.de"),
        ("phone", "+49 (30) 123-4567", "+49301234567"),
        ("user_id", " 42 ", "42"),
        ("user_id", "Ünï", "Ünï"),
        ("anonymous_id", "ABC-def", "ABC-def"),
    ],
)
def test_values_are_normalised(namespace: str, sent: str, kept: str) -> None:
    found = normalise(namespace, sent)
    assert isinstance(found, Identifier)
    assert found.value == kept


@pytest.mark.parametrize(
    ("namespace", "sent", "reason"),
    [
        ("user_id", "null", Reason.IDENTIFIER_BLOCKED),
        ("user_id", "Anonymous", Reason.IDENTIFIER_BLOCKED),
        ("anonymous_id", "00000000-0000-0000-0000-000000000000", Reason.IDENTIFIER_BLOCKED),
        ("email", "test@test.com", Reason.IDENTIFIER_BLOCKED),
        ("email", "not an address", Reason.IDENTIFIER_INVALID),
        ("phone", "030 1234567", Reason.IDENTIFIER_INVALID),  # of which country?
        ("phone", "+1", Reason.IDENTIFIER_INVALID),
        ("user_id", "   ", Reason.IDENTIFIER_INVALID),
        ("user_id", "x" * 501, Reason.IDENTIFIER_INVALID),
        ("loyalty_card", "7", Reason.IDENTIFIER_TYPE_UNKNOWN),
    ],
)
def test_what_names_nobody_is_left_out_with_its_reason(namespace: str, sent: str, reason: Reason) -> None:
    found = normalise(namespace, sent)
    assert isinstance(found, Refused)
    assert found.reason is reason
    assert found.detail.endswith(".")


def test_a_number_without_country_is_valid_where_the_region_is_set() -> None:
    config = msgspec.structs.replace(DEFAULT_CONFIG, phone_region="DE")
    found = normalise("phone", "030 1234567", config)
    assert isinstance(found, Identifier)
    assert found.value == "+49301234567"


def test_what_was_normalised_is_remembered() -> None:
    extractor = Extractor(DEFAULT_CONFIG, {})
    assert extractor.normalise("email", "A@Example.com") is extractor.normalise("email", "A@Example.com")
