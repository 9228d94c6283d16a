"""What people are asked for."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.api import slug_of
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.privacy.decisions import PurposeRejected
from onefold.privacy.ledger import note_moved

QUERIES = load_queries("onefold.privacy", "consent.sql")
MAX_NAME: Final = 100
MAX_DESCRIPTION: Final = 500


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """Something that may be done with a person's data, if they allow it."""

    slug: str
    name: str
    description: str
    is_built_in: bool


def list_purposes(conn: Connection[Any]) -> list[Purpose]:
    """All of them, in the order of the page."""
    columns = ("slug", "name", "description", "is_built_in")
    return [Purpose(**dict(zip(columns, row, strict=True))) for row in conn.execute(QUERIES["purposes"])]


def save_purpose(conn: Connection[Any], *, slug: str, name: str, description: str, acting_user: str) -> None:
    """Add a purpose, or give it another name or description. Raises PurposeRejected."""
    slug, name = slug_of(slug or name), name.strip().replace("\0", "")
    if not slug or not name or len(name) > MAX_NAME or len(description) > MAX_DESCRIPTION:
        raise PurposeRejected(
            f"A purpose needs a name of at most {MAX_NAME} characters that begins with a letter or digit,"
            f" and a description of at most {MAX_DESCRIPTION}."
        )
    with conn.transaction():
        parameters = {"slug": slug, "name": name, "description": description.strip().replace("\0", "")}
        conn.execute(QUERIES["save_purpose"], parameters)
        note_moved(conn, slug)
        audit(conn, actor=acting_user, action="purpose.saved", target=f"purpose:{slug}")


def remove_purpose(conn: Connection[Any], slug: str, *, acting_user: str) -> None:
    """Ask for it no longer; what was said of it stays in the ledger. Raises NotFound, for a built-in one too."""
    with conn.transaction():
        if conn.execute(QUERIES["remove_purpose"], {"slug": slug}).fetchone() is None:
            raise NotFound("There is no purpose of this name that could be removed. Built-in ones stay.")
        conn.execute(QUERIES["forget_meaning"], {"slug": slug})
        note_moved(conn, slug)
        audit(conn, actor=acting_user, action="purpose.removed", target=f"purpose:{slug}")
