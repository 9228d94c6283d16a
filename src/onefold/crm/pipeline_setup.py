"""What administrators do with pipelines: add, rename, order, archive, restore.

Each write is one transaction with an entry of the audit log, and safe to repeat.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from psycopg import Connection

from onefold.accounts.api import audit
from onefold.crm.errors import SetupMissing, SetupRejected
from onefold.crm.names import read_title
from onefold.crm.pipelines import QUERIES, Pipeline, Pipelines, load_pipelines

MAX_PIPELINES: Final = 50


def locked_pipelines(conn: Connection[Any]) -> Pipelines:
    """All of them; nobody else changes any until this transaction ends. Those who write deals needn't wait."""
    conn.execute(QUERIES["lock"])
    return load_pipelines(conn)


def add_pipeline(conn: Connection[Any], name: str, *, acting_user: str) -> int:
    """A new one with the three stages that every pipeline needs; its number. Raises SetupRejected."""
    with conn.transaction():
        known = locked_pipelines(conn)
        if len(known.live) >= MAX_PIPELINES:
            raise SetupRejected(_("There may be up to %(n)d pipelines. Archive one first.") % {"n": MAX_PIPELINES})
        title = _free_name(known, name)
        (number,) = conn.execute(QUERIES["add_pipeline"], {"name": title}).fetchone() or (0,)
        first = ((_("New"), "open", 20), (_("Won"), "won", 100), (_("Lost"), "lost", 0))
        for place, (stage, state, probability) in enumerate(first, 1):
            given = {"pipeline": number, "name": stage, "place": place, "state": state, "probability": probability}
            asked = {"required": ["lost_reason"] if state == "lost" else [], "checklist": [], "stale_days": None}
            conn.execute(QUERIES["add_stage"], given | asked)
        audit(conn, actor=acting_user, action="pipeline.added", target=f"pipeline:{number}", details={"name": title})
    return int(number)


def rename_pipeline(conn: Connection[Any], number: int, name: str, *, acting_user: str) -> None:
    """Another name. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        known = locked_pipelines(conn)
        before = live_pipeline(known, number)
        title = _free_name(known, name, but=number)
        if title != before.name:
            conn.execute(QUERIES["name_pipeline"], {"id": number, "name": title})
            details = {"name": [before.name, title]}
            audit(conn, actor=acting_user, action="pipeline.renamed", target=f"pipeline:{number}", details=details)


def order_pipelines(conn: Connection[Any], numbers: Sequence[int], *, acting_user: str) -> None:
    """The first is where deals go unless somebody says otherwise. Raises SetupRejected unless each is named once."""
    with conn.transaction():
        known = locked_pipelines(conn)
        now = [one.id for one in known.live]
        demand_order(now, numbers)
        if now != list(numbers):
            conn.execute(QUERIES["order_pipelines"], {"ids": list(numbers)})
            details = {"order": list(numbers)}
            audit(conn, actor=acting_user, action="pipelines.ordered", target="pipeline:", details=details)


def archive_pipeline(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """No deal goes through it any more; those that are closed stay in it. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        known = locked_pipelines(conn)
        one = live_pipeline(known, number)
        if len(known.live) == 1:
            raise SetupRejected(
                _("“%(name)s” is the only pipeline, and deals need one. Add another first.") % {"name": one.name}
            )
        (deals,) = conn.execute(QUERIES["standing_open"], {"pipeline": number}).fetchone() or (0,)
        if deals:
            message = _("%(n)s open deals go through “%(name)s”. Move or close them first, then archive it.")
            raise SetupRejected(message % {"n": f"{deals:,}", "name": one.name})
        conn.execute(QUERIES["archive_pipeline"], {"id": number, "is": True})
        audit(conn, actor=acting_user, action="pipeline.archived", target=f"pipeline:{number}")


def restore_pipeline(conn: Connection[Any], number: int, *, acting_user: str) -> None:
    """With the stages that it had. Raises SetupRejected, SetupMissing."""
    with conn.transaction():
        known = locked_pipelines(conn)
        one = known.pipeline(number)
        if one is None:
            raise SetupMissing(_("There is no such pipeline."))
        if not one.is_archived:
            return
        _free_name(known, one.name, but=number)
        conn.execute(QUERIES["archive_pipeline"], {"id": number, "is": False})
        audit(conn, actor=acting_user, action="pipeline.restored", target=f"pipeline:{number}")


def live_pipeline(known: Pipelines, number: int) -> Pipeline:
    """One that isn't archived. Raises SetupMissing."""
    found = known.pipeline(number)
    if found is None or found.is_archived:
        raise SetupMissing(_("There is no such pipeline, or it is archived."))
    return found


def demand_order(now: Sequence[object], wanted: Sequence[object]) -> None:
    """Raises SetupRejected unless `wanted` has each of `now` once: somebody else may have added one meanwhile."""
    if len(wanted) != len(now) or set(wanted) != set(now):
        known = ", ".join(map(str, now))
        raise SetupRejected(_("An order names each of them once. There are: %(known)s.") % {"known": known})


def _free_name(known: Pipelines, text: str, *, but: int = 0) -> str:
    name = read_title(text, what="name")
    if any(one.name.casefold() == name.casefold() and one.id != but for one in known.live):
        said = _("There is a pipeline of this name already.")
        raise SetupRejected(said, {"name": said})
    return name
