"""A source's own user space is a namespace of its own, from the moment the source is there."""

from typing import Any

from psycopg import Connection

from onefold.events.api import NewSource, create_source
from onefold.identity.api import DEFAULT_CONFIG, Extractor, Identifier, load_config, with_user_spaces
from onefold.identity.config import FIRST_SPACE_CODE


def source(conn: Connection[Any], slug: str, space: str) -> int:
    new = NewSource(slug=slug, name=slug, kind="server", user_space=space)
    return create_source(conn, new, acting_user="tests").id


def test_a_new_source_with_a_space_has_its_namespace(db: Connection[Any]) -> None:
    assert load_config(db) == (0, DEFAULT_CONFIG)
    first = source(db, "shop", "shop")
    source(db, "shop-two", "shop")
    source(db, "plain", "")
    _, config = load_config(db)
    assert set(config.by_name) - set(DEFAULT_CONFIG.by_name) == {"shop:user_id"}
    assert config.by_name["shop:user_id"].code == FIRST_SPACE_CODE + first
    assert config.by_name["shop:user_id"].is_unique
    assert isinstance(Extractor(config, {}).normalise("shop:user_id", "7"), Identifier)


def test_codes_stay_when_sources_are_added(db: Connection[Any]) -> None:
    source(db, "shop", "shop")
    before = load_config(db)[1].by_name["shop:user_id"]
    source(db, "app", "app")
    source(db, "shop-two", "shop")
    assert load_config(db)[1].by_name["shop:user_id"] == before


def test_a_stored_namespace_is_kept_as_it_is() -> None:
    stored = with_user_spaces(DEFAULT_CONFIG, [(2, "shop")])
    assert with_user_spaces(stored, [(9, "shop")]) is stored
