"""What a file may belong to, and who may see and change it there: records, people, companies. For pages and the API."""

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import Actor, Permission, demand, may
from onefold.crm.access import asking_of
from onefold.crm.catalogue import Asking
from onefold.crm.errors import RecordForbidden, RecordMissing
from onefold.crm.files import File, Target, load_file, missing_file
from onefold.crm.records import load_record
from onefold.crm.sharing import reachable
from onefold.crm.viewer import Doing, Reach, Viewer
from onefold.profiles.api import anchors_of, find_company, from_text, identifiers_at, merged_companies, names_in_force

PERSON: Final = "person"
COMPANY: Final = "company"
_POLICIES: Final = {PERSON: "people", COMPANY: "companies"}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Whose files somebody looks at. `path`: of its page; `may_see`: whether what is in files may be seen."""

    target: Target
    viewer: Viewer
    may_edit: bool
    may_see: bool
    path: str

    def demand_edit(self) -> None:
        """Raises RecordForbidden."""
        if not self.may_edit:
            raise RecordForbidden(_("You may look at this, but not change its files."))

    def demand_seeing(self) -> None:
        """Raises RecordForbidden for who may not see personal data: nobody knows what a file holds."""
        if not self.may_see:
            raise RecordForbidden(_("Files can hold personal data, which you may not see."))


def open_target(conn: Connection[Any], actor: Actor, object_name: str, identifier: str) -> Opened:
    """`identifier`: a record's number, a person's id, a company's `space:key`. Raises RecordMissing, NotAllowed."""
    asking = asking_of(conn, actor)
    may_see = not asking.is_masked
    if object_name not in _POLICIES:
        target, may_edit, path = _of_record(conn, asking, object_name, identifier)
        return Opened(target=target, viewer=asking.viewer, may_edit=may_edit, may_see=may_see, path=path)
    demand(actor, Permission.SEE_PEOPLE)
    policy = _POLICIES[object_name]
    if asking.viewer.reach(policy, Doing.SEE) is Reach.NONE:
        raise _missing(identifier)
    target = _of_person(conn, identifier) if object_name == PERSON else _of_company(conn, identifier)
    may_edit = may(actor, Permission.EDIT_PEOPLE) and asking.viewer.reach(policy, Doing.EDIT) is not Reach.NONE
    path = f"/people/{identifier}" if object_name == PERSON else f"/companies/{identifier}"
    return Opened(target=target, viewer=asking.viewer, may_edit=may_edit, may_see=may_see, path=path)


def open_file(conn: Connection[Any], actor: Actor, number: int) -> tuple[File, Opened]:
    """A file, deleted ones too, and what it belongs to. Raises RecordMissing."""
    asking_of(conn, actor)  # rights first: who has none learns of no file
    file = load_file(conn, number)
    try:
        return file, _open_kept(conn, actor, file)
    except RecordMissing as fault:
        raise missing_file(number) from fault


def _open_kept(conn: Connection[Any], actor: Actor, file: File) -> Opened:
    if file.object == PERSON:
        return open_target(conn, actor, PERSON, f"{int(file.record) & (1 << 64) - 1:016x}")
    if file.object == COMPANY:
        row = conn.execute("select space || ':' || key from company where h = %s", [int(file.record)]).fetchone()
        return open_target(conn, actor, COMPANY, row[0] if row else "")
    return open_target(conn, actor, file.object, file.record)


def _of_record(conn: Connection[Any], asking: Asking, object_name: str, identifier: str) -> tuple[Target, bool, str]:
    kind = asking.objects.get(object_name)
    if kind is None or not (identifier.isascii() and identifier.isdigit() and len(identifier) < 19):
        raise _missing(identifier)
    row = load_record(conn, kind, int(identifier), viewer=asking.viewer)
    owners = {row.id: row.values["owner"]}
    may_edit = row.id in reachable(conn, asking.viewer, object_name, Doing.EDIT, owners)
    number = str(row.id)
    target = Target(
        object=object_name,
        record=number,
        records=(number,),
        person=row.values.get("person"),
        company=row.values.get("company"),
        deal=row.id if object_name == "deal" else row.values.get("deal"),
    )
    return target, may_edit, f"{kind.path}/{row.id}"


def _of_person(conn: Connection[Any], identifier: str) -> Target:
    """By the anchor: files follow it through merges and splits."""
    h = from_text(identifier)
    anchor = anchors_of(conn, names_in_force(conn), [h]).get(h) if h is not None else None
    if h is None or anchor is None:
        raise _missing(identifier)
    records = tuple(map(str, {*identifiers_at(conn, h), anchor}))
    return Target(object=PERSON, record=str(anchor), records=records, person=anchor)


def _of_company(conn: Connection[Any], identifier: str) -> Target:
    space, colon, key = identifier.partition(":")
    found = None if not colon or "\0" in identifier else find_company(conn, space, key)
    if found is None:
        raise _missing(identifier)
    records = tuple(str(one.h) for one in (found, *merged_companies(conn, found.h)))
    return Target(object=COMPANY, record=str(found.h), records=records, company=found.h)


def _missing(identifier: str) -> RecordMissing:
    return RecordMissing(_("There is no “%(id)s”, or you may not see it.") % {"id": identifier[:80]})
