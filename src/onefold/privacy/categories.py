"""What consent banners call things, and which purpose of ours each of that means."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.api import slug_of
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.privacy.decisions import PurposeRejected
from onefold.privacy.ledger import meanings_of, note_moved
from onefold.privacy.purposes import list_purposes

QUERIES = load_queries("onefold.privacy", "consent.sql")
MOST_SAID: Final = 200
COUNT_BOUND: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Category:
    """A name that a banner says. Not known: what is said of it counts for nothing. `purpose` None = nobody is asked."""

    name: str
    is_known: bool
    purpose: str | None
    n_entries: int  # of the consent ledger, counted to COUNT_BOUND


def list_categories(conn: Connection[Any]) -> list[Category]:
    """Those not known first, then by name. Cost: a probe and a bounded count for each of MOST_SAID names."""
    meanings = meanings_of(conn)
    said = dict(conn.execute(QUERIES["said"], {"most": MOST_SAID, "bound": COUNT_BOUND}).fetchall())
    purposes = {purpose.slug for purpose in list_purposes(conn)}
    found = [
        Category(name=name, is_known=name in meanings, purpose=meanings.get(name), n_entries=said.get(name, 0))
        for name in (meanings.keys() | said.keys()) - purposes
    ]
    return sorted(found, key=lambda one: (one.is_known, not one.n_entries, one.name))


def save_category(conn: Connection[Any], *, name: str, purpose: str | None, acting_user: str) -> str:
    """Say what a category means from now on, for what was said before as well; its name as it is compared.

    Raises PurposeRejected.
    """
    slug = slug_of(name)
    if not slug:
        raise PurposeRejected("A category has letters, digits and _, at most 50: C0002, statistics.")
    purposes = {known.slug for known in list_purposes(conn)}
    if slug in purposes:
        raise PurposeRejected(f"{slug} is a purpose of yours, so it means itself.")
    if purpose is not None and purpose not in purposes:
        raise PurposeRejected("There is no such purpose. Choose one of the list.")
    with conn.transaction():
        conn.execute(QUERIES["save_category"], {"name": slug, "purpose": purpose})
        note_moved(conn, slug)
        audit(conn, actor=acting_user, action="consent_category.saved", target=f"category:{slug}")
    return slug


def remove_category(conn: Connection[Any], name: str, *, acting_user: str) -> None:
    """It means nothing any more; what was said of it stays in the ledger. Raises NotFound."""
    with conn.transaction():
        if conn.execute(QUERIES["remove_category"], {"name": slug_of(name)}).fetchone() is None:
            raise NotFound("There is no such category.")
        note_moved(conn, slug_of(name))
        audit(conn, actor=acting_user, action="consent_category.removed", target=f"category:{slug_of(name)}")
