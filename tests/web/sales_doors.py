"""Doors of the CRM: part of the table in doors.py."""

from typing import Final

from onefold.accounts.api import Permission as P
from tests.web.door_kinds import Door, act, form, page

_FIELD: Final = "records/of/person/<str:identifier>/fields"
_STAGES: Final = "settings/crm/lifecycle"
_OBJECT: Final = "settings/crm/objects/<slug:object_name>"
_PIPELINE: Final = "settings/crm/pipelines/<int:number>"
_STAGE: Final = "settings/crm/stages/<int:number>"
_RULE_ENDS: Final = ("", "/archive", "/move", "/restore")
WEBHOOK_ACTS: Final = ("test", "pause", "resume", "secret", "remove", "deliveries/<int:delivery>/again")
_PAGE: Final = page(P.MANAGE_CRM)
_FORM: Final = form(P.MANAGE_CRM)
_ACT: Final = act(P.MANAGE_CRM)


def records(route: str) -> dict[str, Door]:
    """The list of an object of the CRM, its views and filters, and one record."""
    views = ("replace", "rename", "move", "delete", "restore")
    return (
        dict.fromkeys((route, f"{route}/totals", f"{route}/<int:number>"), page(P.SEE_RECORDS))
        | dict.fromkeys((f"{route}/filter{end}" for end in ("", "/fields", "/form", "/apply")), page(P.SEE_RECORDS))
        | {f"{route}/columns": page(P.SEE_RECORDS), f"{route}/views": act(P.SEE_RECORDS)}
        | dict.fromkeys((f"{route}/views/<int:view_id>/{end}" for end in views), act(P.SEE_RECORDS))
        | {f"{route}/export": act(P.EXPORT_PEOPLE)}
        | {f"{route}/bulk": act(P.EDIT_RECORDS), f"{route}/bulk/input": page(P.EDIT_RECORDS)}
    )


RECORDS: Final[dict[str, Door]] = {
    **records("deals"),
    **records("tasks"),
    **records("activities"),
    **records("products"),
    **records("records/<slug:object_name>"),
    "my-day/tasks/<int:number>": act(P.EDIT_RECORDS),
    **dict.fromkeys(("my-day", "sales/reports", "sales/reports.csv"), page(P.SEE_RECORDS)),
    "new-person": form(P.EDIT_PEOPLE),
    "deals/board": page(P.SEE_RECORDS),
    "tasks/calendar": page(P.SEE_RECORDS),
    "tasks/calendar/move": act(P.EDIT_RECORDS),
    **dict.fromkeys((f"tasks/calendar/filter{end}" for end in ("", "/fields", "/form", "/apply")), page(P.SEE_RECORDS)),
    **dict.fromkeys((f"deals/board/filter{end}" for end in ("", "/fields", "/form", "/apply")), page(P.SEE_RECORDS)),
    "deals/lanes/<int:stage>": page(P.SEE_RECORDS),
    "deals/move": act(P.EDIT_RECORDS),
    "deals/<int:number>/stage": form(P.EDIT_RECORDS),
    "tasks/<int:number>/done": act(P.EDIT_RECORDS),
    "acts/<uuid:act>/undo": act(P.EDIT_RECORDS),
    "activities/<int:number>/told": page(P.SEE_RECORDS),
    "records/of/person/<str:identifier>": page(P.SEE_RECORDS),
    "records/of/deal/<int:number>": page(P.SEE_RECORDS),
    "records/of/company/<path:identifier>": page(P.SEE_RECORDS),
    "records/of/person/<str:identifier>/acts": page(P.EDIT_RECORDS),
    "records/of/person/<str:identifier>/convert": form(P.EDIT_RECORDS),
    "records/<slug:object_name>/new": form(P.EDIT_RECORDS),
    "records/<slug:object_name>/look-up/<slug:name>": page(P.SEE_RECORDS),
    "records/<slug:object_name>/<int:number>/fields/<slug:name>": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS},
    "records/<slug:object_name>/<int:number>/fields/<slug:name>/edit": page(P.SEE_RECORDS),
    "records/<slug:object_name>/<int:number>/delete": act(P.EDIT_RECORDS),
    "companies": page(P.SEE_PEOPLE),
    "companies/<path:identifier>": page(P.SEE_PEOPLE),
    "companies/columns": page(P.SEE_PEOPLE),
    "companies/corrections/<uuid:event>/undo": act(P.EDIT_PEOPLE),
    "companies/field": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_PEOPLE},
    "companies/field/edit": page(P.EDIT_PEOPLE),
    "companies/filter": page(P.SEE_PEOPLE),
    "companies/filter/apply": page(P.SEE_PEOPLE),
    "companies/filter/fields": page(P.SEE_PEOPLE),
    "companies/filter/form": page(P.SEE_PEOPLE),
    "companies/new": form(P.EDIT_PEOPLE),
    "companies/people/put": act(P.EDIT_PEOPLE),
    "companies/people/take-out": act(P.EDIT_PEOPLE),
    "companies/views": act(P.SEE_PEOPLE),
    "companies/views/<int:view_id>/delete": act(P.SEE_PEOPLE),
    "companies/views/<int:view_id>/move": act(P.SEE_PEOPLE),
    "companies/views/<int:view_id>/rename": act(P.SEE_PEOPLE),
    "companies/views/<int:view_id>/replace": act(P.SEE_PEOPLE),
    "companies/views/<int:view_id>/restore": act(P.SEE_PEOPLE),
    "companies/why": page(P.SEE_PEOPLE),
    "records/<slug:object_name>/<int:number>/shares": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS},
    "records/<slug:object_name>/<int:number>/shares/<int:share>/remove": act(P.EDIT_RECORDS),
    "settings/crm/permissions": form(P.MANAGE_CRM),
    "settings/crm/permissions/<slug:object_name>": form(P.MANAGE_CRM),
    "settings/crm/assignment": form(P.MANAGE_CRM),
    **{f"settings/crm/assignment/<int:number>{end}": act(P.MANAGE_CRM) for end in _RULE_ENDS},
    "settings/crm/scores": form(P.MANAGE_CRM),
    **{f"settings/crm/scores/<int:number>{end}": act(P.MANAGE_CRM) for end in ("", "/archive", "/restore")},
    "settings/crm/teams": form(P.MANAGE_CRM),
    "settings/crm/teams/<int:number>": act(P.MANAGE_CRM),
    "settings/crm/teams/<int:number>/archive": act(P.MANAGE_CRM),
    "settings/crm/teams/<int:number>/join": act(P.MANAGE_CRM),
    "settings/crm/teams/<int:number>/leave": act(P.MANAGE_CRM),
    "settings/crm/teams/<int:number>/restore": act(P.MANAGE_CRM),
    **dict.fromkeys(("settings/webhooks", "settings/webhooks/<int:number>"), form(P.MANAGE_CRM)),
    **dict.fromkeys((f"settings/webhooks/<int:number>/{end}" for end in WEBHOOK_ACTS), act(P.MANAGE_CRM)),
    "api/acts/<uuidstr:act>/undo": act(P.EDIT_RECORDS),
    "api/reports/<name>": page(P.SEE_RECORDS),
    "api/records": page(P.SEE_RECORDS),
    "api/records/<object>": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS, "PATCH": P.EDIT_RECORDS},
    "api/records/<object>/<int:number>": {"GET": P.SEE_RECORDS, "PATCH": P.EDIT_RECORDS, "DELETE": P.EDIT_RECORDS},
    "api/records/<object>/<int:number>/history": page(P.SEE_RECORDS),
    "api/records/<object>/delete": act(P.EDIT_RECORDS),
    "api/records/<object>/restore": act(P.EDIT_RECORDS),
    "api/records/<object>/totals": page(P.SEE_RECORDS),
}

OF_PEOPLE: Final[dict[str, Door]] = {
    _FIELD: {"GET": P.SEE_PEOPLE},
    f"{_FIELD}/<slug:name>": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_PEOPLE},
    f"{_FIELD}/<slug:name>/edit": {"GET": P.EDIT_PEOPLE},
    **{path: {"GET": P.EDIT_PEOPLE} for path in ("duplicates", "duplicates/compare")},
    **{f"duplicates/{end}": {"POST": P.EDIT_PEOPLE} for end in ("merge", "apart", "<uuid:event>/undo")},
    "api/duplicates": {"GET": P.EDIT_PEOPLE},
    **{path: {"GET": P.EDIT_PEOPLE} for path in ("duplicates/companies", "duplicates/companies/compare")},
    **{
        f"duplicates/companies/{end}": {"POST": P.EDIT_PEOPLE}
        for end in ("merge", "apart", "<uuid:decision>/undo/<path:identifier>")
    },
    "api/company-duplicates": {"GET": P.EDIT_PEOPLE, "POST": P.EDIT_PEOPLE},
    "api/company-duplicates/<uuidstr:decision>": {"DELETE": P.EDIT_PEOPLE},
    "people/acts/<uuid:act>/undo": {"POST": P.EDIT_PEOPLE},
    "people/bulk": {"POST": P.EDIT_PEOPLE},
    "companies/bulk": {"POST": P.EDIT_PEOPLE},
    "companies/bulk/input": {"GET": P.EDIT_PEOPLE},
    "companies/acts/<uuid:act>/undo": {"POST": P.EDIT_PEOPLE},
    "people/bulk/input": {"GET": P.EDIT_PEOPLE},
    _STAGES: {"GET": P.MANAGE_CRM, "POST": P.MANAGE_CRM},
    **{f"{_STAGES}/<slug:key>{end}": {"POST": P.MANAGE_CRM} for end in ("", "/archive", "/move", "/restore")},
    "api/profiles/<path:identifier>/fields": {"GET": P.SEE_PEOPLE, "PATCH": P.EDIT_PEOPLE},
}

PIECES: Final[dict[str, Door]] = {
    "purchases/card/<slug:of>/<path:identifier>": {"GET": P.SEE_PEOPLE},
    "purchases/csv/<slug:of>/<path:identifier>": {"GET": P.EXPORT_PEOPLE},
    "purchases/<slug:of>/<path:identifier>": {"GET": P.SEE_PEOPLE},
    "mentions/look-up": {"GET": P.SEE_RECORDS},
    "files/<int:file>": {"GET": P.SEE_RECORDS},
    "files/<int:file>/look": {"GET": P.SEE_RECORDS},
    "files/<int:file>/delete": {"POST": P.EDIT_RECORDS},
    "files/<int:file>/restore": {"POST": P.EDIT_RECORDS},
    "files/<slug:object_name>/<path:identifier>": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS},
    "deals/<int:number>/items": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS},
    "deals/<int:number>/items/<int:item>": {"POST": P.EDIT_RECORDS},
    "deals/<int:number>/items/<int:item>/move": {"POST": P.EDIT_RECORDS},
    "deals/<int:number>/items/<int:item>/remove": {"POST": P.EDIT_RECORDS},
    "deals/<int:number>/people": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS},
    "deals/<int:number>/people/<str:identifier>": {"POST": P.EDIT_RECORDS},
    "deals/<int:number>/people/<str:identifier>/remove": {"POST": P.EDIT_RECORDS},
    "deals/<int:number>/people/<str:identifier>/first": {"POST": P.EDIT_RECORDS},
    "deals/look-up/product": {"GET": P.SEE_RECORDS},
    "api/files/<int:file>": {"GET": P.SEE_RECORDS, "DELETE": P.EDIT_RECORDS},
    "api/files/<int:file>/restore": {"POST": P.EDIT_RECORDS},
    "api/files/<object>/<path:identifier>": {"GET": P.SEE_RECORDS, "POST": P.EDIT_RECORDS},
}

SETUP: Final[dict[str, Door]] = {
    **dict.fromkeys(("settings/crm/pipelines", _PIPELINE, f"{_PIPELINE}/stages/new", "settings/crm/rates"), _FORM),
    **dict.fromkeys((_STAGE, f"{_STAGE}/archive", "settings/crm/objects/new", f"{_OBJECT}/edit"), _FORM),
    **dict.fromkeys((f"{_OBJECT}/fields/{end}" for end in ("new", "<slug:name>", "<slug:name>/archive")), _FORM),
    **dict.fromkeys(("settings/crm/objects", _OBJECT), _PAGE),
    **dict.fromkeys((f"{one}/{end}" for one in (_PIPELINE, _OBJECT) for end in ("archive", "restore", "order")), _ACT),
    **dict.fromkeys(
        ("settings/crm/pipelines/order", f"{_STAGE}/restore", f"{_OBJECT}/fields/<slug:name>/restore"),
        _ACT,
    ),
    "settings/crm/rates/<slug:currency>/remove": _ACT,
    # the REST API
    **dict.fromkeys(("api/score-rules", "api/assignment-rules"), _FORM),
    **{f"api/{of}-rules/<int:number>": {"PUT": P.MANAGE_CRM} for of in ("score", "assignment")},
    **{f"api/{of}-rules/<int:number>/{end}": _ACT for of in ("score", "assignment") for end in ("archive", "restore")},
    "api/pipelines": {"GET": P.SEE_RECORDS, "POST": P.MANAGE_CRM, "PUT": P.MANAGE_CRM},
    "api/pipelines/<int:number>": {"PATCH": P.MANAGE_CRM},
    "api/pipelines/<int:number>/archive": _ACT,
    "api/pipelines/<int:number>/restore": _ACT,
    "api/pipelines/<int:number>/stages": {"POST": P.MANAGE_CRM, "PUT": P.MANAGE_CRM},
    "api/stages/<int:number>": {"PATCH": P.MANAGE_CRM},
    "api/stages/<int:number>/archive": _ACT,
    "api/stages/<int:number>/restore": _ACT,
    "api/exchange-rates": _PAGE,
    "api/exchange-rates/<currency>": {"PUT": P.MANAGE_CRM, "DELETE": P.MANAGE_CRM},
    "api/objects": _FORM,
    "api/objects/<object>": {"PATCH": P.MANAGE_CRM},
    "api/objects/<object>/archive": _ACT,
    "api/objects/<object>/restore": _ACT,
    "api/objects/<object>/fields": {"GET": P.MANAGE_CRM, "POST": P.MANAGE_CRM, "PUT": P.MANAGE_CRM},
    "api/objects/<object>/fields/<name>": {"PATCH": P.MANAGE_CRM},
    "api/objects/<object>/fields/<name>/archive": _ACT,
    "api/objects/<object>/fields/<name>/restore": _ACT,
}

SALES: Final = RECORDS | OF_PEOPLE | PIECES | SETUP

_DECISION: Final = "00000000-0000-0000-0000-000000000000"
SALES_VALUES: Final = {
    "item": "1",
    "of": "person",
    "file": "1",
    "share": "1",
    "delivery": "1",
    "decision": _DECISION,
    "currency": "SEK",
}
"""As VALUES of doors.py."""

SALES_BODIES: Final[dict[str, dict[str, object]]] = {
    "api/records/<object>": {"name": "x"},
    "api/records/<object>/delete": {"ids": [1]},
    "api/records/<object>/restore": {"ids": [1]},
    "api/profiles/<path:identifier>/fields": {"lead_status": "new"},
    "api/company-duplicates": {"rule": "apart", "a": ":x", "b": ":y"},
    **{f"api/score-rules{end}": {"kind": "event", "points": 0} for end in ("", "/<int:number>")},
    **{
        f"api/assignment-rules{end}": {"name": "", "way": "round_robin", "members": {}} for end in ("", "/<int:number>")
    },
    "api/pipelines": {"name": "", "ids": [1]},
    "api/pipelines/<int:number>": {"name": ""},
    "api/pipelines/<int:number>/stages": {"name": "", "ids": [1]},
    "api/exchange-rates/<currency>": {"rate": 0},
    "api/objects": {"title": "", "plural": ""},
    "api/objects/<object>/fields": {"title": "", "names": []},
}
