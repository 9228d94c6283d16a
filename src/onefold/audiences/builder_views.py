"""The builder: a page where a rule is made, its estimate while it changes, suggestions, why somebody is in, saving."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from psycopg import Connection

from onefold.accounts.api import Permission, is_masked_name, mask_text, may, name_of, requires
from onefold.audiences import actions, builder_pages, pages, shown, suggesting
from onefold.audiences.builder_pages import Wanted, wanted_of
from onefold.audiences.builder_words import overlap_lines
from onefold.audiences.company_builder import COMPANY_TEMPLATES, words_of
from onefold.audiences.company_views import explained_in_builder
from onefold.audiences.errors import RuleHidden, VersionConflict
from onefold.audiences.explain import explain
from onefold.audiences.hiding import demand_whole, is_hidden, reader_for
from onefold.audiences.live import load_scope
from onefold.audiences.preview import preview, thresholds_for
from onefold.audiences.rules import rule_of
from onefold.audiences.templating import template_of, templates_for
from onefold.audiences.working import case_of, working
from onefold.infra.pool import pooled
from onefold.kernel.errors import NotFound
from onefold.profiles.api import Names, find, from_text, names_in_force, to_text

FIRST_PURPOSE: Final = "email_marketing"
MAX_SQL: Final = 50_000
"""Characters that the page of SQL takes."""
_NEW: Final[dict[str, Any]] = {"id": None, "version": None, "state": "draft", "is_new": True}


@requires(Permission.EDIT_AUDIENCES)
@require_safe
def new(request: HttpRequest) -> HttpResponse:
    """What to start from; then (`from`: a template, or the number of an audience to copy) the builder with that."""
    begin = request.GET.get("from")
    with pooled() as conn:
        scope = load_scope(conn)
        if begin is None:
            made = {"templates": templates_for(scope), "company_templates": COMPANY_TEMPLATES}
            return render(request, "audiences/builder_start.html", made)
        found = builder_pages.ingredients(conn, scope)
        if begin.isascii() and begin.isdigit() and len(begin) < 19:
            return _page(request, _copy_of(request, shown.find_audience(conn, int(begin)), found), found)
    template = template_of(begin, scope, COMPANY_TEMPLATES)
    start = {"name": "" if template.slug == "blank" else str(template.title), "description": "", "of": template.of}
    start |= {"purpose": "" if template.of == "companies" else _purpose(found), "rule": template.rule["where"]}
    return _page(request, _NEW | start, found)


def _copy_of(request: HttpRequest, one: shown.ShownAudience, found: dict[str, Any]) -> dict[str, Any]:
    """What the builder starts with: its latest rule under a name that is free."""
    taken = {other["name"] for other in found["audiences"]}
    start = {"name": builder_pages.copied_name(one.name, taken), "description": one.description, "of": one.of}
    return _NEW | start | {"purpose": one.purpose, "rule": _rule_for(request, one)}


@requires(Permission.EDIT_AUDIENCES)
@require_safe
def edit(request: HttpRequest, number: int) -> HttpResponse:
    """The builder with an audience's latest rule."""
    with pooled() as conn:
        one = shown.find_audience(conn, number)
        found = builder_pages.ingredients(conn, load_scope(conn))
        trend = [n for _day, n in shown.trend_of(conn, number)] if one.state in builder_pages.LIVE else []
        waiting = pages.filling_of(conn, one).people_left if one.state == "filling" else 0
    start = {"id": one.id, "version": one.version, "name": one.name, "description": one.description}
    start |= {
        "state": one.state,
        "is_new": False,
        "of": one.of,
        "purpose": one.purpose,
        "rule": _rule_for(request, one),
    }
    return _page(request, start, found, {"audience": one, "trend": trend if any(trend) else [], "waiting": waiting})


def _rule_for(request: HttpRequest, one: shown.ShownAudience) -> dict[str, Any]:
    """The tree of its latest rule. Raises RuleHidden for whom a part of it would be masked."""
    rule = builder_pages.rule_json(one.rule)
    if not may(request.user, Permission.SEE_PERSONAL_DATA) and _is_personal(rule):
        raise RuleHidden(_("This rule names e-mail addresses or phone numbers, which you may not see. Ask an admin."))
    return rule


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def estimate(request: HttpRequest) -> HttpResponse:
    """How many people the rule of the body gives, and whom. Nothing is kept."""
    wanted = wanted_of(request.body)
    with working() as work:
        asked = builder_pages.asked_of(work.conn, wanted)
        rule = rule_of(asked.rule, load_scope(work.conn), wanted.id, is_of_companies=wanted.is_of_companies)
        demand_whole(work.conn, request.user, rule)
        both = builder_pages.with_consent(asked, rule)
        found = preview(work, both)
        parts = builder_pages.parts_of(found, both is not asked)
        return JsonResponse(builder_pages.preview_json(work.conn, found, wanted, rule, parts))


@requires(Permission.EDIT_AUDIENCES)
@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """What there is of `what`: property, value (of `property` of the events `kind` and `name`), trait_value,
    company_value (of `name`)."""
    what, name, kind = (request.GET.get(one, "") for one in ("what", "name", "kind"))
    with pooled() as conn:
        found = _suggested(conn, what, kind or "track", name, request.GET.get("property", ""))
    if not may(request.user, Permission.SEE_PERSONAL_DATA):  # what would stand masked in the rule would be compared so
        is_phone = is_masked_name(request.GET.get("property", "") or name)
        found = [] if is_phone and what != "property" else [one for one in found if mask_text(one.name) == one.name]
    return JsonResponse({"found": builder_pages.as_json(found)})


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def explain_person(request: HttpRequest) -> HttpResponse:
    """Why somebody (`who`: e-mail, id or identifier), or a company, is in by the rule of the body, or isn't."""
    wanted = wanted_of(request.body)
    if wanted.is_of_companies:
        with pooled() as conn:
            told = explained_in_builder(conn, wanted, timezone.now(), request.user)
        return JsonResponse(builder_pages.explanation_json(*told))
    with working() as work:
        profile_id = _person(work.conn, names_in_force(work.conn), wanted.who.strip())
        rule = rule_of(builder_pages.asked_of(work.conn, wanted).rule, load_scope(work.conn), wanted.id)
        demand_whole(work.conn, request.user, rule)
        case = case_of(work, rule, wanted.purpose, profile_id)
        reader = reader_for(request.user, pages.names_of(work.conn))
        found = explain(rule, case.person, case.evaluator, case.now_us, reader, purpose=wanted.purpose)
        people = shown.people_shown(work.conn, [profile_id])
    name = (people[0][1] or people[0][2]) if people else ""
    return JsonResponse(builder_pages.explanation_json(found, name or wanted.who, f"/people/{to_text(profile_id)}"))


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def as_sql(request: HttpRequest) -> HttpResponse:
    """The rule of the body as SQL of DuckDB. `may_run`: whether the page of SQL takes it from this user."""
    from onefold.audiences.as_sql import rule_sql  # heavy: loaded when somebody asks

    wanted = wanted_of(request.body)
    with working() as work:
        asked, scope = builder_pages.asked_of(work.conn, wanted), load_scope(work.conn)
        rule = rule_of(asked.rule, scope, wanted.id)
        demand_whole(work.conn, request.user, rule)
        now = asked.at or timezone.now()
        found = rule_sql(rule, wanted.purpose, scope, now, thresholds_for(work, rule, scope, now))
    rights = (Permission.RUN_SQL, Permission.SEE_PERSONAL_DATA)
    is_open = all(may(request.user, one) for one in rights) and not found.missing and len(found.sql) <= MAX_SQL
    return JsonResponse({"sql": found.sql, "missing": found.missing, "may_run": is_open})


@requires(Permission.EDIT_AUDIENCES)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keeps the rule of the body: of a new audience, or as the next version of one. 409: somebody else was faster."""
    wanted, user = wanted_of(request.body), name_of(request.user)
    rule = b'{"v":1,"where":%b}' % bytes(wanted.rule)
    with pooled() as conn, conn.transaction():
        scope, is_of_companies = load_scope(conn), wanted.is_of_companies
        demand_whole(conn, request.user, rule_of(rule, scope, wanted.id, is_of_companies=is_of_companies))
        if wanted.id is None:
            made = actions.Wanted(wanted.name, wanted.purpose, rule, wanted.description, is_of_companies)
            number = actions.create_audience(conn, made, acting_user=user)
        else:
            number = wanted.id
            if (newer := _newer(conn, wanted)) is not None:
                return newer
            actions.change_rule(conn, number, rule, wanted.purpose, acting_user=user, seen_version=wanted.version)
            _rename(conn, number, wanted, user)
        if wanted.starts:
            actions.start_audience(conn, number, acting_user=user)
        one = shown.find_audience(conn, number)
    if wanted.starts:
        messages.success(request, _("%(name)s is saved, and is being filled.") % {"name": one.name})
    return JsonResponse({"id": number, "version": one.version, "state": one.state, "name": one.name})


def _rename(conn: Connection[Any], number: int, wanted: Wanted, user: str) -> None:
    now = shown.find_audience(conn, number)
    if (now.name, now.description) != (wanted.name.strip(), wanted.description.strip()):
        actions.describe_audience(conn, number, wanted.name, wanted.description, acting_user=user)


def _newer(conn: Connection[Any], wanted: Wanted) -> HttpResponse | None:
    """Who changed it since it was opened, and when; None if nobody did."""
    now = shown.find_audience(conn, wanted.id or 0)
    if wanted.version is None or now.version == wanted.version:
        return None
    facts = {"by": now.changed_by, "at": now.changed_at.isoformat(), "version": now.version}
    return JsonResponse({"code": VersionConflict.code, **facts}, status=VersionConflict.status)


def _page(
    request: HttpRequest, start: dict[str, Any], found: dict[str, Any], more: dict[str, Any] | None = None
) -> HttpResponse:
    audience = (more or {}).get("audience")
    boot = {**start, **found, "words": words_of(start["of"]), "language": get_language() or "en"}
    boot["changed_at"] = audience.changed_at.isoformat() if audience else None
    context = {"boot": boot, "start": start, "purposes": found["purposes"], "audience": audience, **(more or {})}
    context["overlap_lines"] = overlap_lines()
    context["sentence"] = builder_pages.first_sentence(start["rule"], found, is_of_companies=start["of"] == "companies")
    alike = [one for one in found["audiences"] if one["of"] == start["of"] and one["state"] != "draft"]
    context["others"] = [one for one in alike if one["id"] != start["id"]]
    return render(request, "audiences/builder.html", context)


def _purpose(found: dict[str, Any]) -> str:
    """What a new audience is for, until somebody says."""
    slugs = [one["slug"] for one in found["purposes"]]
    return FIRST_PURPOSE if FIRST_PURPOSE in slugs else next(iter(slugs), "")


def _suggested(conn: Connection[Any], what: str, kind: str, name: str, wanted: str) -> list[suggesting.Named]:
    match what:
        case "property":
            return suggesting.property_names(conn, kind, name)
        case "value":
            return suggesting.property_values(conn, kind, name, wanted)
        case "trait_value":
            return suggesting.values_of_trait(conn, name)
        case "company_value":
            return suggesting.values_of_company(conn, name)
    return []


def _person(conn: Connection[Any], names: Names, who: str) -> int:
    """The profile id of somebody by an e-mail address, an id or `namespace:value`. Raises NotFound."""
    h = from_text(who)
    if h is None:
        text = who if names.split(who) else f"email:{who}" if "@" in who else f"user_id:{who}"
        h = names.identifier(text).h
    found = find(conn, names, h)
    if found is None or not found.has_profile:
        raise NotFound(_("Nobody is known by “%(who)s”. Try an e-mail address or an id.") % {"who": who[:80]})
    return found.profile_id


def _is_personal(rule: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether a text of the rule would be masked on the page, and so be saved masked."""
    if isinstance(rule, dict):
        field = str(rule.get("field", ""))
        if is_hidden(field) and ("values" in rule or isinstance(rule.get("value"), str) or "pattern" in rule):
            return True
        return any(_is_personal(one) for one in rule.values())
    if isinstance(rule, list):
        return any(_is_personal(one) for one in rule)
    return isinstance(rule, str) and mask_text(rule) != rule
