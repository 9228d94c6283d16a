"""What each role may do to records: what is usual, and what administrators said instead. The first part is pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import Role, audit
from onefold.crm.errors import PolicyRejected
from onefold.crm.objects import ObjectType
from onefold.crm.rights import rights_of, settable
from onefold.crm.schema import objects_in_force
from onefold.crm.viewer import Doing, FieldRight, Reach
from onefold.infra.memory import Memory
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "policy.sql")
MAX_AGE_S: Final = 3.0
ROLES: Final = (Role.VIEWER, Role.SALES, Role.MANAGER, Role.EDITOR)
"""Those whose rights can be set; administrators may everything."""
PROFILES: Final = ("people", "companies")
"""Objects that are no tables of ours, and have policies all the same."""
_Rights = Mapping[Doing, Reach]
_ALL: Final[_Rights] = dict.fromkeys(Doing, Reach.ALL)
_LOOKS: Final[_Rights] = {Doing.SEE: Reach.ALL, Doing.EDIT: Reach.NONE, Doing.DELETE: Reach.NONE}
_USUAL: Final[Mapping[str, _Rights]] = {
    Role.VIEWER: _LOOKS,
    Role.SALES: {Doing.SEE: Reach.TEAM, Doing.EDIT: Reach.OWN, Doing.DELETE: Reach.OWN},
    Role.MANAGER: {Doing.SEE: Reach.ALL, Doing.EDIT: Reach.TEAM, Doing.DELETE: Reach.TEAM},
    Role.EDITOR: _ALL,
    Role.ADMIN: _ALL,
}
_SPECIAL: Final[Mapping[tuple[str, str], _Rights]] = {
    (Role.SALES, "product"): _LOOKS,  # what is sold is everybody's to offer
    (Role.MANAGER, "product"): _ALL,
    **{(Role.SALES, one): {**_ALL, Doing.DELETE: Reach.NONE} for one in PROFILES},
    **{(Role.MANAGER, one): {**_ALL, Doing.DELETE: Reach.NONE} for one in PROFILES},
}
_FAR: Final = (Reach.NONE, Reach.OWN, Reach.TEAM, Reach.ALL)
_memory: Final = Memory["Policies"](MAX_AGE_S)


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What administrators said: (role, object, doing) → reach, (role, object, field) → right."""

    reaches: Mapping[tuple[str, str, Doing], Reach]
    fields: Mapping[tuple[str, str, str], FieldRight]

    def said(self, role: str, object_name: str, doing: Doing) -> Reach:
        """How far a role may do this, by what was set or is usual."""
        return self.reaches.get((role, object_name, doing), usual_reach(role, object_name, doing))

    def rights(self, role: str, object_name: str) -> _Rights:
        """What a role may do to the records of an object. Nobody edits or deletes further than they see."""
        if role == Role.ADMIN:
            return _ALL
        sees = self.said(role, object_name, Doing.SEE)
        return {doing: min(sees, self.said(role, object_name, doing), key=_FAR.index) for doing in Doing}


def usual_reach(role: str, object_name: str, doing: Doing) -> Reach:
    """How far a role may do this unless somebody says otherwise; nothing for roles that aren't known."""
    rights = _SPECIAL.get((role, object_name), _USUAL.get(role, {}))
    return rights.get(doing, Reach.NONE)


def load_policies(conn: Connection[Any]) -> Policies:
    """Asked of the database every MAX_AGE_S at most. Two statements."""
    if (known := _memory.get()) is not None:
        return known
    found = Policies(
        reaches={(role, name, Doing(doing)): Reach(reach) for role, name, doing, reach in conn.execute(QUERIES["all"])},
        fields={(role, name, field): FieldRight(may) for role, name, field, may in conn.execute(QUERIES["fields"])},
    )
    return _memory.keep(found)


def forget_policies() -> None:
    """The next question asks the database."""
    _memory.forget()


def set_reaches(
    conn: Connection[Any], role: str, wanted: Mapping[tuple[str, Doing], Reach], *, acting_user: str
) -> int:
    """How far a role may do what to which objects; what is usual again leaves no row. How many changed.

    Raises PolicyRejected. Safe to repeat; an entry of the audit log for each object.
    """
    _demand_role(role)
    objects = (*objects_in_force(conn), *PROFILES)
    for (name, doing), reach in wanted.items():
        if name not in objects:
            known = {"name": name[:80], "names": ", ".join(objects)}
            raise PolicyRejected(_("There is no kind of record “%(name)s”. There are %(names)s.") % known)
        if role == Role.VIEWER and doing is not Doing.SEE and reach is not Reach.NONE:
            raise PolicyRejected(_("Viewers change nothing. Give those who shall another role."))
    with conn.transaction():
        forget_policies()
        before = load_policies(conn)
        changed = {key: reach for key, reach in wanted.items() if before.said(role, *key) is not reach}
        for (name, doing), reach in changed.items():
            is_usual = reach is usual_reach(role, name, doing)
            parameters = {"role": role, "object": name, "doing": doing.value, "reach": reach.value}
            conn.execute(QUERIES["unset" if is_usual else "set"], parameters)
        details: dict[str, dict[str, Any]] = {}
        for (name, doing), reach in changed.items():
            details.setdefault(name, {"object": name})[doing.value] = [
                before.said(role, name, doing).value,
                reach.value,
            ]
        for one in details.values():
            audit(conn, actor=acting_user, action="crm.rights_changed", target=f"role:{role}", details=one)
    forget_policies()
    return len(changed)


def set_fields(
    conn: Connection[Any], role: str, kind: ObjectType, wanted: Mapping[str, FieldRight], *, acting_user: str
) -> int:
    """What a role may do to fields of an object. How many changed. As `set_reaches`."""
    _demand_role(role)
    fields = {one.name: one for one in settable(kind)}
    for name, right in wanted.items():
        if name not in fields:
            known = {"name": name[:80], "names": ", ".join(fields)}
            raise PolicyRejected(_("Of “%(name)s” nothing can be said. Fields: %(names)s.") % known)
        if right not in rights_of(kind, fields[name]):
            message = _("“%(name)s” can't be hidden: records are told apart or kept by it.")
            raise PolicyRejected(message % {"name": fields[name].title})
    with conn.transaction():
        forget_policies()
        before = load_policies(conn).fields
        old = {name: before.get((role, kind.name, name), FieldRight.EDIT) for name in wanted}
        changed = {name: right for name, right in wanted.items() if old[name] is not right}
        for name, right in changed.items():
            parameters = {"role": role, "object": kind.name, "field": name, "may": right.value}
            conn.execute(QUERIES["free_field" if right is FieldRight.EDIT else "set_field"], parameters)
        if changed:
            details = {"object": kind.name} | {name: [old[name].value, right.value] for name, right in changed.items()}
            audit(conn, actor=acting_user, action="crm.fields_changed", target=f"role:{role}", details=details)
    forget_policies()
    return len(changed)


def _demand_role(role: str) -> None:
    if role not in ROLES:
        message = _("Rights can be set for %(roles)s; administrators may everything.")
        raise PolicyRejected(message % {"roles": ", ".join(ROLES)})
