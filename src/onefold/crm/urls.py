"""Addresses of the CRM."""

from functools import partial

from django.urls import URLPattern, path

from onefold.accounts.api import Permission, requires
from onefold.crm import (
    beside_views,
    board_views,
    company_edit_views,
    company_pages,
    list_views,
    make_views,
    people_views,
    permission_views,
    record_views,
    share_views,
    team_views,
)
from onefold.crm.company_listed import open_companies
from onefold.crm.listed import open_records
from onefold.lists.urls import list_urls

_STANDARD = {"deal": "deals", "task": "tasks", "activity": "activities", "product": "products"}


def _pages(route: str, name: str) -> list[URLPattern]:
    """The list of a standard object, whose addresses don't name it."""
    given = {"object_name": name}
    return [
        path(route, list_views.record_list, given, name=f"{name}_list"),
        path(f"{route}/totals", list_views.totals, given, name=f"{name}_totals"),
        path(f"{route}/bulk", list_views.bulk, given, name=f"{name}_bulk"),
        path(f"{route}/bulk/input", list_views.bulk_input, given, name=f"{name}_bulk_input"),
        *list_urls(
            route, name, guard=requires(Permission.SEE_RECORDS), open_list=partial(open_records, object_name=name)
        ),
    ]


urlpatterns = [
    path("new-person", people_views.new, name="new_person"),
    path("companies", company_pages.companies, name="companies"),
    path("companies/new", company_edit_views.new, name="new_company"),
    path("companies/field", company_edit_views.field, name="company_field"),
    path("companies/field/edit", company_edit_views.field_form, name="edit_company_field"),
    path("companies/why", company_edit_views.why, name="company_why"),
    path("companies/people/put", company_edit_views.put_in, name="put_into_company"),
    path("companies/people/take-out", company_edit_views.take_out, name="take_out_of_company"),
    path("companies/corrections/<uuid:event>/undo", company_edit_views.undo, name="undo_company_correction"),
    *list_urls("companies", "companies", guard=requires(Permission.SEE_PEOPLE), open_list=open_companies),
    path("companies/<path:identifier>", company_pages.company, name="company"),
    path("deals/board", board_views.board, name="board"),
    path("deals/lanes/<int:stage>", board_views.lane, name="lane"),
    path("deals/move", board_views.move, name="move_deal"),
    path("deals/<int:number>/stage", record_views.enter_stage, name="enter_stage"),
    path("tasks/<int:number>/done", beside_views.done, name="task_done"),
    path("acts/<uuid:act>/undo", record_views.undo_act, name="undo_act"),
    path("records/of/person/<str:identifier>", beside_views.of_person, name="records_of_person"),
    path("records/of/person/<str:identifier>/acts", beside_views.acts_of_person, name="acts_of_person"),
    path("activities/<int:number>/told", beside_views.told, name="told"),
    path("records/of/deal/<int:number>", beside_views.of_deal, name="records_of_deal"),
    path("records/of/company/<path:identifier>", beside_views.of_company, name="records_of_company"),
    path("records/<slug:object_name>/new", make_views.new_record, name="new_record"),
    path("records/<slug:object_name>/look-up/<slug:name>", make_views.look_up, name="look_up"),
    path("records/<slug:object_name>/<int:number>/fields/<slug:name>", record_views.field, name="record_field"),
    path("records/<slug:object_name>/<int:number>/fields/<slug:name>/edit", record_views.field_form, name="edit_field"),
    path("records/<slug:object_name>/<int:number>/shares", share_views.shares, name="shares"),
    path(
        "records/<slug:object_name>/<int:number>/shares/<int:share>/remove", share_views.unshare, name="unshare_record"
    ),
    path("settings/crm/teams", team_views.all_teams, name="sales_teams"),
    path("settings/crm/teams/<int:number>", team_views.change, name="change_team"),
    path("settings/crm/teams/<int:number>/archive", team_views.archive, name="archive_team"),
    path("settings/crm/teams/<int:number>/restore", team_views.restore, name="restore_team"),
    path("settings/crm/teams/<int:number>/join", team_views.join, name="join_team"),
    path("settings/crm/teams/<int:number>/leave", team_views.leave, name="leave_team"),
    path("settings/crm/permissions", permission_views.permissions, name="crm_permissions"),
    path("settings/crm/permissions/<slug:object_name>", permission_views.fields, name="field_permissions"),
    path("records/<slug:object_name>/<int:number>/delete", record_views.delete, name="delete_record"),
    path("records/<slug:object_name>", list_views.record_list, name="record_list"),
    path("records/<slug:object_name>/totals", list_views.totals, name="record_totals"),
    path("records/<slug:object_name>/bulk", list_views.bulk, name="record_bulk"),
    path("records/<slug:object_name>/bulk/input", list_views.bulk_input, name="record_bulk_input"),
    *list_urls("records/<slug:object_name>", "record", guard=requires(Permission.SEE_RECORDS), open_list=open_records),
    path("records/<slug:object_name>/<int:number>", record_views.record_page, name="record"),
    *(one for name, path_ in _STANDARD.items() for one in _pages(path_, name)),
    *(
        path(f"{path_}/<int:number>", record_views.record_page, {"object_name": name}, name=name)
        for name, path_ in _STANDARD.items()
    ),
]
