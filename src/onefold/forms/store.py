"""Forms as they are stored: made, drafted, published, archived. The only writers, one transaction each."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.events.api import list_sources
from onefold.forms.beginnings import TEMPLATES
from onefold.forms.definition import Definition, FormRejected, check, definition_from, text_of
from onefold.infra.postgres import load_queries
from onefold.kernel.errors import NotFound
from onefold.privacy.purposes import list_purposes

QUERIES: Final = load_queries("onefold.forms", "store.sql")
MAX_FORMS: Final = 200
MAX_NAME: Final = 80
MAX_UNDO: Final = 50
MAX_DRAFT: Final = 200_000
SENT: Final = ("accepted", "confirmed", "released")
"""Outcomes that are submissions for good."""
_KEY_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_KEY_LENGTH: Final = 12


@dataclass(frozen=True, kw_only=True)
class FormLine:
    """A form in the list. `counts`: by outcome, of 30 days; `days`: submissions by day."""

    id: int
    key: str
    name: str
    status: str
    published: int | None
    changed_at: datetime
    source: str
    source_name: str
    source_id: int
    counts: dict[str, int]
    days: dict[date, int]

    @property
    def views(self) -> int:
        return self.counts.get("view", 0)

    @property
    def submissions(self) -> int:
        return sum(self.counts.get(outcome, 0) for outcome in SENT)

    @property
    def aside(self) -> int:
        """Kept aside or refused."""
        return sum(
            n for outcome, n in self.counts.items() if outcome.startswith(("held:", "refused:")) or outcome == "full"
        )


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form with its draft. `is_published_so`: the draft is what visitors get."""

    id: int
    key: str
    name: str
    status: str
    published: int | None
    draft: Definition
    source_id: int
    changed_at: datetime
    is_published_so: bool
    has_undo: bool


def list_forms(conn: Connection[Any], form_id: int | None = None) -> list[FormLine]:
    """Every form, or that one; archived ones last."""
    names = FormLine.__dataclass_fields__
    lines = []
    for row in conn.execute(QUERIES["list"], {"sent": list(SENT), "id": form_id}):
        *facts, counts, days = row
        by_day = {date.fromisoformat(day): int(n) for day, n in days.items()}
        lines.append(FormLine(**dict(zip(names, [*facts, counts, by_day], strict=True))))
    return lines


def find_form(conn: Connection[Any], form_id: int) -> Form:
    """Raises NotFound."""
    row = conn.execute(QUERIES["find"], {"id": form_id}).fetchone()
    if row is None:
        raise NotFound(_("There is no such form."))
    fields = dict(zip(Form.__dataclass_fields__, row, strict=True))
    return Form(**fields | {"draft": definition_from(row[5])})


def id_of(conn: Connection[Any], key: str) -> int:
    """Raises NotFound."""
    row = conn.execute(QUERIES["by_key"], {"key": key.replace("\0", "")}).fetchone()
    if row is None:
        raise NotFound(_("There is no such form."))
    return int(row[0])


def create_form(conn: Connection[Any], *, name: str, template: str, source_id: int | None, acting_user: str) -> Form:
    """A new draft, of a template of TEMPLATES. `source_id` None = the first web site. Raises FormRejected."""
    if template not in TEMPLATES:
        raise FormRejected(f"A template is one of {', '.join(TEMPLATES)}.")
    with conn.transaction():
        conn.execute(QUERIES["lock"])
        row = conn.execute(QUERIES["count"]).fetchone()
        if row and row[0] >= MAX_FORMS:
            raise FormRejected(_("There are %(n)d forms, which is as many as there may be.") % {"n": MAX_FORMS})
        values = {
            "key": "".join(secrets.choice(_KEY_LETTERS) for _ in range(_KEY_LENGTH)),
            "name": _name(name),
            "source_id": _source(conn, source_id),
            "draft": text_of(TEMPLATES[template][2]),
            "secret": secrets.token_bytes(32),
        }
        added = conn.execute(QUERIES["add"], values).fetchone()
        form_id = int(added[0]) if added else 0
        _note(conn, acting_user, "form.created", form_id)
    return find_form(conn, form_id)


def save_draft(
    conn: Connection[Any],
    form_id: int,
    draft: Definition,
    *,
    name: str | None = None,
    source_id: int | None = None,
    acting_user: str,
) -> Form:
    """Another draft; what it was before can be brought back. What is wrong with it hinders only its publishing."""
    with conn.transaction():
        form = find_form(conn, form_id)
        text = text_of(draft)
        values = {
            "id": form_id,
            "draft": text,
            "name": form.name if name is None else _name(name),
            "source_id": form.source_id if source_id is None else _source(conn, source_id),
        }
        if len(text) > MAX_DRAFT:
            raise FormRejected(_("The form is too large."))
        if (draft, values["name"], values["source_id"]) == (form.draft, form.name, form.source_id):
            return form
        conn.execute(QUERIES["keep_draft"], {"id": form_id})
        conn.execute(QUERIES["forget_drafts"], {"id": form_id, "most": MAX_UNDO})
        conn.execute(QUERIES["save"], values)
        _note(conn, acting_user, "form.drafted", form_id)
    return find_form(conn, form_id)


def undo(conn: Connection[Any], form_id: int, *, acting_user: str) -> Form:
    """The draft as it was before the last change. Raises FormRejected when there is none before."""
    with conn.transaction():
        if conn.execute(QUERIES["undo"], {"id": form_id}).fetchone() is None:
            raise FormRejected(_("There is nothing to undo."))
        _note(conn, acting_user, "form.drafted", form_id, undone=True)
    return find_form(conn, form_id)


def take_version(conn: Connection[Any], form_id: int, version: int, *, acting_user: str) -> Form:
    """An older version becomes the draft. Raises NotFound."""
    row = conn.execute(QUERIES["version"], {"id": form_id, "version": version}).fetchone()
    if row is None:
        raise NotFound(_("There is no such version."))
    return save_draft(conn, form_id, definition_from(row[0]), acting_user=acting_user)


def publish(conn: Connection[Any], form_id: int, *, has_mail: bool, acting_user: str) -> int:
    """Visitors get the draft from now on, within seconds; its version. Raises FormRejected with all that is wrong.

    A draft that is published already stays that version. `has_mail`: whether mail can be sent.
    """
    with conn.transaction():
        form = find_form(conn, form_id)
        check(form.draft, frozenset(purpose.slug for purpose in list_purposes(conn)))
        if form.draft.opt_in.is_on and not has_mail:
            raise FormRejected(_("To confirm by mail Onefold needs a mail server: set ONEFOLD_MAIL_HOST."))
        if form.status == "published" and form.is_published_so and form.published:
            return form.published
        row = conn.execute(QUERIES["publish"], {"id": form_id, "by": acting_user}).fetchone()
        version = int(row[0]) if row else 0
        _note(conn, acting_user, "form.published", form_id, version=version)
    return version


def set_archived(conn: Connection[Any], form_id: int, *, is_archived: bool, acting_user: str) -> Form:
    """Out of use, where visitors find nothing, or back as it was. Safe to repeat."""
    with conn.transaction():
        form = find_form(conn, form_id)
        status = "archived" if is_archived else "published" if form.published else "draft"
        conn.execute(QUERIES["set_status"], {"id": form_id, "status": status})
        _note(conn, acting_user, "form.archived" if is_archived else "form.restored", form_id)
    return find_form(conn, form_id)


def versions_of(conn: Connection[Any], form_id: int) -> list[tuple[int, datetime, str]]:
    """Version, when and by whom it was published, the latest first."""
    return [(row[0], row[1], row[2]) for row in conn.execute(QUERIES["versions"], {"id": form_id})]


def _name(text: str) -> str:
    name = " ".join(text.replace("\0", "").split())[:MAX_NAME]
    if not name:
        raise FormRejected(_("Give the form a name."))
    return name


def _source(conn: Connection[Any], source_id: int | None) -> int:
    sites = [source for source in list_sources(conn) if source.kind == "browser"]
    if not sites:
        raise FormRejected(_("Submissions are events of a web site. Make a source of the kind web site first."))
    if source_id is None:
        return sites[0].id
    if source_id not in {source.id for source in sites}:
        raise FormRejected(_("Submissions are events of a web site: choose one of the sources of that kind."))
    return source_id


def _note(conn: Connection[Any], actor: str, action: str, form_id: int, **details: object) -> None:
    audit(conn, actor=actor, action=action, target=f"form:{form_id}", details=details)
