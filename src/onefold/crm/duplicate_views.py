"""Pages of duplicates: who may be one, two of them side by side, and what was decided."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from onefold.accounts.api import Actor, Permission, actor_of, may, requires
from onefold.crm.access import asking_of
from onefold.crm.duplicate_signs import SIGNS
from onefold.crm.duplicates import pairs, signs_of
from onefold.crm.errors import RecordRejected
from onefold.crm.merging import NAME, Merged, differing, keep_apart, merge, undo, value_of
from onefold.crm.page import go
from onefold.crm.pairing import place_of, place_text
from onefold.crm.person_editing import Edited, edited
from onefold.crm.person_fields import OWNER, shown_value
from onefold.crm.person_rights import may_edit_person
from onefold.crm.shown import Shown
from onefold.crm.viewer import Doing, rows_sql
from onefold.infra.pool import pooled
from onefold.kernel.errors import Rejected
from onefold.kernel.instants import instant_of
from onefold.profiles.api import identifiers_at, names_in_force, people_at, rules_in_force

_PAGE: Final = "/duplicates"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A field of two people side by side. `picked`: whose value is chosen at first."""

    name: str
    title: str
    a: Shown
    b: Shown
    picked: str

    @property
    def differs(self) -> bool:
        """Whether there is something to choose."""
        return self.a != self.b


@requires(Permission.EDIT_PEOPLE)
@require_safe
def duplicates(request: HttpRequest) -> HttpResponse:
    """Who may be one, the likeliest first; with `show=decided` what was decided, to be taken back."""
    if request.GET.get("show") == "decided":
        return _decided(request)
    with pooled() as conn:
        found, has_more = pairs(conn, place_of(request.GET.get("after", "")))
    listed = [(one, [SIGNS[sign] for sign in one.signs]) for one in found]
    following = place_text(found[-1].place) if found and has_more else ""
    context = {"pairs": listed, "following": following, "is_first": "after" not in request.GET}
    return render(request, "crm/duplicates.html", context)


@requires(Permission.EDIT_PEOPLE)
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two people (`a`, `b`) side by side: field by field which value is kept, and what comes along."""
    with pooled() as conn:
        a, b = _two(conn, request.GET.get("a", ""), request.GET.get("b", ""))
        context = _compared(conn, actor_of(request), a, b)
    return render(request, "crm/duplicate_compare.html", context)


@requires(Permission.EDIT_PEOPLE)
@require_POST
def merge_two(request: HttpRequest) -> HttpResponse:
    """Two people become one; `keep-<field>` says whose value stays. The toast takes it back."""
    sent = {name.removeprefix("keep-"): side for name, side in request.POST.items() if name.startswith("keep-")}
    chosen = {name: str(side) for name, side in sent.items() if side in {"a", "b"}}
    # what isn't sent follows the sources' priorities
    with pooled() as conn:
        done = merge(conn, actor_of(request), _ends(request), chosen, once=once_of(request))
    if not done.is_seen:
        text = _("The merge is logged, but isn't to be seen yet. Load the page again shortly, and look at the fields.")
        messages.warning(request, text)
    elif not done.is_one:
        text = _("The decision is logged, but other decisions keep these two apart. Look at the identity of both.")
        messages.warning(request, text)
    else:
        messages.success(request, _("They are one person now."), extra_tags=f"/duplicates/{done.event}/undo")
    return go(request, f"/people/{done.person}")


@requires(Permission.EDIT_PEOPLE)
@require_POST
def apart(request: HttpRequest) -> HttpResponse:
    """Two people stay two, and leave the list. The toast takes it back."""
    with pooled() as conn:
        done = keep_apart(conn, actor_of(request), _ends(request), once=once_of(request))
    _say(request, done, _("They stay two people."), f"/duplicates/{done.event}/undo")
    return go(request, _PAGE)


@requires(Permission.EDIT_PEOPLE)
@require_POST
def undo_two(request: HttpRequest, event: UUID) -> HttpResponse:
    """Takes a decision back, and with it what was chosen to be kept."""
    with pooled() as conn:
        done = undo(conn, actor_of(request), event)
    _say(request, done, _("Undone."), "")
    return go(request, f"/people/{done.person}")


def _say(request: HttpRequest, done: Merged, text: str, undo_at: str) -> None:
    if done.is_seen:
        messages.success(request, text, extra_tags=undo_at)
    else:
        messages.info(request, _("Logged. Its effect isn't to be seen yet; load the page again shortly."))


def _decided(request: HttpRequest) -> HttpResponse:
    after = _rule_place(request.GET.get("after", ""))
    with pooled() as conn:
        names = names_in_force(conn)
        found, has_more = rules_in_force(conn, names, after)
        ends = {text: names.identifier(text).h for one in found for text in (one.a, one.b)}
        people = people_at(conn, sorted(set(ends.values())))
    listed = [
        {
            "rule": one.rule, "event": one.place[1], "at": instant_of(one.ts),
            "a": people[ends[one.a]], "b": people[ends[one.b]],
        }
        for one in found
        if one.a != one.b and ends[one.a] in people and ends[one.b] in people
    ]  # fmt: skip
    following = f"{found[-1].place[0]}_{found[-1].place[1].hex}" if found and has_more else ""
    return render(request, "crm/duplicates_decided.html", {"decided": listed, "following": following})


def _compared(conn: Connection[Any], actor: Actor, a: Edited, b: Edited) -> dict[str, Any]:
    people = people_at(conn, [a.whom.profile_id, b.whom.profile_id])
    choices = [_choice(a, b, name) for name in differing((a, b))]
    return {
        "a": people.get(a.whom.profile_id), "b": people.get(b.whom.profile_id),
        "choices": choices, "signs": [SIGNS[sign] for sign in signs_of(conn, a.whom.profile_id, b.whom.profile_id)],
        "along": _along(conn, actor, (a, b)),
        "n_events": (a.whom.n_events, b.whom.n_events),
        "n_identifiers": (len(a.whom.members), len(b.whom.members)),
        "may_merge": all(may_edit_person(conn, actor, one.values.get(OWNER)) for one in (a, b)), "once": uuid4(),
    }  # fmt: skip


def _choice(a: Edited, b: Edited, name: str) -> Choice:
    """What is there is kept rather than nothing, else what the person who was known first has."""
    values = value_of(a, name), value_of(b, name)
    title = _("Name") if name == NAME else str(a.known.fields[name].title)
    shown = [_shown(one, name, value) for one, value in zip((a, b), values, strict=True)]
    picked = "b" if values[0] in (None, "") else "a"
    return Choice(name=name, title=title, a=shown[0], b=shown[1], picked=picked)


def _shown(one: Edited, name: str, value: Any) -> Shown:  # noqa: ANN401  (any JSON value)
    if name != NAME:
        return shown_value(name, value, one.known)
    return Shown(kind="text", text=value) if value else Shown(kind="none", text=_("None"))


def _along(conn: Connection[Any], actor: Actor, people: tuple[Edited, Edited]) -> list[tuple[str, int, int]]:
    """How many records of each kind each has, of those that the reader may see."""
    if not may(actor, Permission.SEE_RECORDS):
        return []
    asking = asking_of(conn, actor)
    hashes = [identifiers_at(conn, one.whom.profile_id) for one in people]
    found = []
    for kind in asking.objects.values():
        if "person" not in kind.by_name or kind.number is not None:
            continue
        statement = SQL("select count(*) from {} r where r.person = any(%(h)s) and r.deleted_at is null and {}").format(
            Identifier(kind.table), rows_sql(asking.viewer, kind.name, Doing.SEE, "r")
        )
        counts = [(conn.execute(statement, {"h": one}).fetchone() or (0,))[0] for one in hashes]
        found.append((str(kind.plural), counts[0], counts[1]))
    return found


def _two(conn: Connection[Any], a: str, b: str) -> tuple[Edited, Edited]:
    one, other = edited(conn, a), edited(conn, b)
    if one.whom.profile_id == other.whom.profile_id:
        raise RecordRejected(_("These two are one person already."))
    return one, other


def _ends(request: HttpRequest) -> tuple[str, str]:
    return request.POST.get("a", ""), request.POST.get("b", "")


def once_of(request: HttpRequest) -> UUID:
    """The form's own number: sent twice, it counts once."""
    try:
        return UUID(request.POST.get("once", ""))
    except ValueError:
        return uuid4()


def _rule_place(text: str) -> tuple[int, UUID] | None:
    if not text:
        return None
    instant, _sep, event = text.partition("_")
    try:
        number = int(instant)
        place = (number, UUID(hex=event))
    except ValueError as fault:
        raise Rejected(_("This page can't be found again. Begin with the first.")) from fault
    if abs(number) >= 1 << 63:
        raise Rejected(_("This page can't be found again. Begin with the first."))
    return place
