"""Addresses of the CRM."""

from functools import partial

from django.urls import URLPattern, path

from onefold.accounts.api import Permission, requires
from onefold.crm import (
    assign_views,
    beside_views,
    board_views,
    calendar_views,
    company_acts,
    company_duplicate_views,
    company_edit_views,
    company_pages,
    convert_views,
    day_views,
    duplicate_views,
    export_views,
    field_views,
    file_views,
    item_views,
    lifecycle_views,
    list_views,
    make_views,
    object_views,
    people_acts,
    people_views,
    permission_views,
    person_views,
    pipeline_views,
    purchase_views,
    rate_views,
    record_views,
    report_views,
    role_views,
    score_views,
    share_views,
    stage_views,
    team_views,
)
from onefold.crm.company_listed import open_companies
from onefold.crm.listed import open_board, open_calendar, open_records
from onefold.lists.urls import filter_urls, list_urls

_STANDARD = {"deal": "deals", "task": "tasks", "activity": "activities", "product": "products"}


def _pages(route: str, name: str) -> list[URLPattern]:
    """The list of a standard object, whose addresses don't name it."""
    given = {"object_name": name}
    return [
        path(route, list_views.record_list, given, name=f"{name}_list"),
        path(f"{route}/totals", list_views.totals, given, name=f"{name}_totals"),
        path(f"{route}/export", export_views.records, given, name=f"{name}_export"),
        path(f"{route}/bulk", list_views.bulk, given, name=f"{name}_bulk"),
        path(f"{route}/bulk/input", list_views.bulk_input, given, name=f"{name}_bulk_input"),
        *list_urls(
            route, name, guard=requires(Permission.SEE_RECORDS), open_list=partial(open_records, object_name=name)
        ),
    ]


_PIPELINES = "settings/crm/pipelines"
_STAGE = "settings/crm/stages/<int:number>"
_OBJECTS = "settings/crm/objects"
_OBJECT = f"{_OBJECTS}/<slug:object_name>"
_FIELD = f"{_OBJECT}/fields/<slug:name>"
_SETTINGS = [
    path(_PIPELINES, pipeline_views.pipelines, name="pipelines"),
    path(f"{_PIPELINES}/order", pipeline_views.order, name="order_pipelines"),
    path(f"{_PIPELINES}/<int:number>", pipeline_views.pipeline, name="pipeline"),
    path(f"{_PIPELINES}/<int:number>/archive", pipeline_views.archive, name="archive_pipeline"),
    path(f"{_PIPELINES}/<int:number>/restore", pipeline_views.restore, name="restore_pipeline"),
    path(f"{_PIPELINES}/<int:number>/order", pipeline_views.order_stages, name="order_stages"),
    path(f"{_PIPELINES}/<int:number>/stages/new", stage_views.new, name="new_stage"),
    path(_STAGE, stage_views.stage, name="stage"),
    path(f"{_STAGE}/archive", stage_views.archive, name="archive_stage"),
    path(f"{_STAGE}/restore", stage_views.restore, name="restore_stage"),
    path("settings/crm/rates", rate_views.rates, name="exchange_rates"),
    path("settings/crm/rates/<slug:currency>/remove", rate_views.remove, name="remove_rate"),
    path(_OBJECTS, object_views.objects, name="crm_objects"),
    path(f"{_OBJECTS}/new", object_views.new, name="new_object"),
    path(_OBJECT, field_views.fields, name="object_fields"),
    path(f"{_OBJECT}/edit", object_views.edit, name="edit_object"),
    path(f"{_OBJECT}/archive", object_views.archive, name="archive_object"),
    path(f"{_OBJECT}/restore", object_views.restore, name="restore_object"),
    path(f"{_OBJECT}/order", field_views.order, name="order_fields"),
    path(f"{_OBJECT}/fields/new", field_views.new, name="new_field"),
    path(_FIELD, field_views.field, name="own_field"),
    path(f"{_FIELD}/archive", field_views.archive, name="archive_field"),
    path(f"{_FIELD}/restore", field_views.restore, name="restore_field"),
]

urlpatterns = [
    *_SETTINGS,
    path("new-person", people_views.new, name="new_person"),
    path("companies", company_pages.companies, name="companies"),
    path("companies/new", company_edit_views.new, name="new_company"),
    path("companies/export", export_views.companies, name="export_companies"),
    path("companies/bulk", company_acts.bulk, name="companies_bulk"),
    path("companies/bulk/input", company_acts.bulk_input, name="companies_bulk_input"),
    path("companies/acts/<uuid:act>/undo", company_acts.undo, name="undo_companies_act"),
    path("companies/field", company_edit_views.field, name="company_field"),
    path("companies/field/edit", company_edit_views.field_form, name="edit_company_field"),
    path("companies/why", company_edit_views.why, name="company_why"),
    path("companies/people/put", company_edit_views.put_in, name="put_into_company"),
    path("companies/people/take-out", company_edit_views.take_out, name="take_out_of_company"),
    path("companies/corrections/<uuid:event>/undo", company_edit_views.undo, name="undo_company_correction"),
    *list_urls("companies", "companies", guard=requires(Permission.SEE_PEOPLE), open_list=open_companies),
    path("companies/<path:identifier>", company_pages.company, name="company"),
    path("tasks/calendar", calendar_views.month, name="task_calendar"),
    path("tasks/calendar/move", calendar_views.move, name="move_task"),
    *filter_urls("tasks/calendar", "task_calendar", guard=requires(Permission.SEE_RECORDS), open_list=open_calendar),
    path("deals/board", board_views.board, name="board"),
    *filter_urls("deals/board", "board", guard=requires(Permission.SEE_RECORDS), open_list=open_board),
    path("deals/lanes/<int:stage>", board_views.lane, name="lane"),
    path("deals/move", board_views.move, name="move_deal"),
    path("deals/<int:number>/stage", record_views.enter_stage, name="enter_stage"),
    path("purchases/card/<slug:of>/<path:identifier>", purchase_views.card, name="purchases_card"),
    path("purchases/csv/<slug:of>/<path:identifier>", purchase_views.as_csv, name="purchases_csv"),
    path("purchases/<slug:of>/<path:identifier>", purchase_views.purchases, name="purchases"),
    path("mentions/look-up", make_views.look_up_user, name="look_up_user"),
    path("files/<int:file>", file_views.download, name="file"),
    path("files/<int:file>/look", file_views.look, name="look_at_file"),
    path("files/<int:file>/delete", file_views.delete, name="delete_file"),
    path("files/<int:file>/restore", file_views.restore, name="restore_file"),
    path("files/<slug:object_name>/<path:identifier>", file_views.files, name="files"),
    path("deals/<int:number>/items", item_views.items, name="deal_items"),
    path("deals/<int:number>/items/<int:item>", item_views.change, name="change_item"),
    path("deals/<int:number>/items/<int:item>/move", item_views.move, name="move_item"),
    path("deals/<int:number>/items/<int:item>/remove", item_views.remove, name="remove_item"),
    path("deals/<int:number>/people", role_views.people, name="deal_people"),
    path("deals/<int:number>/people/<str:identifier>", role_views.change, name="change_role"),
    path("deals/<int:number>/people/<str:identifier>/remove", role_views.remove, name="remove_role"),
    path("deals/<int:number>/people/<str:identifier>/first", role_views.put_first, name="put_first"),
    path("deals/look-up/product", item_views.look_up, name="look_up_product"),
    path("tasks/<int:number>/done", beside_views.done, name="task_done"),
    path("acts/<uuid:act>/undo", record_views.undo_act, name="undo_act"),
    path("my-day", day_views.my_day, name="my_day"),
    path("duplicates", duplicate_views.duplicates, name="duplicates"),
    path("duplicates/compare", duplicate_views.compare, name="compare_duplicates"),
    path("duplicates/companies", company_duplicate_views.duplicates, name="company_duplicates"),
    path("duplicates/companies/compare", company_duplicate_views.compare, name="compare_company_duplicates"),
    path("duplicates/companies/merge", company_duplicate_views.merge_two, name="merge_company_duplicates"),
    path("duplicates/companies/apart", company_duplicate_views.apart, name="keep_companies_apart"),
    path(
        "duplicates/companies/<uuid:decision>/undo/<path:identifier>",
        company_duplicate_views.undo_two,
        name="undo_company_duplicates",
    ),
    path("duplicates/merge", duplicate_views.merge_two, name="merge_duplicates"),
    path("duplicates/apart", duplicate_views.apart, name="keep_apart"),
    path("duplicates/<uuid:event>/undo", duplicate_views.undo_two, name="undo_duplicates"),
    path("my-day/tasks/<int:number>", day_views.day_task, name="day_task"),
    path("sales/reports", report_views.reports, name="sales_reports"),
    path("sales/reports.csv", report_views.report_csv, name="sales_report_csv"),
    path("records/of/person/<str:identifier>", beside_views.of_person, name="records_of_person"),
    path("records/of/person/<str:identifier>/acts", beside_views.acts_of_person, name="acts_of_person"),
    path("records/of/person/<str:identifier>/fields", person_views.fields, name="person_fields"),
    path("records/of/person/<str:identifier>/fields/<slug:name>", person_views.field, name="person_field"),
    path(
        "records/of/person/<str:identifier>/fields/<slug:name>/edit", person_views.field_form, name="edit_person_field"
    ),
    path("people/bulk", people_acts.bulk, name="people_bulk"),
    path("people/bulk/input", people_acts.bulk_input, name="people_bulk_input"),
    path("people/acts/<uuid:act>/undo", people_acts.undo, name="undo_people_act"),
    path("activities/<int:number>/told", beside_views.told, name="told"),
    path("records/of/deal/<int:number>", beside_views.of_deal, name="records_of_deal"),
    path("records/of/company/<path:identifier>", beside_views.of_company, name="records_of_company"),
    path("records/<slug:object_name>/new", make_views.new_record, name="new_record"),
    path("records/of/person/<str:identifier>/convert", convert_views.conversion, name="convert_lead"),
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
    path("settings/crm/lifecycle", lifecycle_views.stages, name="lifecycle"),
    path("settings/crm/lifecycle/<slug:key>", lifecycle_views.change, name="change_lifecycle_stage"),
    path("settings/crm/lifecycle/<slug:key>/move", lifecycle_views.move, name="move_lifecycle_stage"),
    path("settings/crm/lifecycle/<slug:key>/archive", lifecycle_views.archive, name="archive_lifecycle_stage"),
    path("settings/crm/lifecycle/<slug:key>/restore", lifecycle_views.restore, name="restore_lifecycle_stage"),
    path("settings/crm/assignment", assign_views.rules, name="assignment_rules"),
    path("settings/crm/assignment/<int:number>", assign_views.change, name="change_assignment_rule"),
    path("settings/crm/assignment/<int:number>/move", assign_views.move, name="move_assignment_rule"),
    path("settings/crm/assignment/<int:number>/archive", assign_views.archive, name="archive_assignment_rule"),
    path("settings/crm/assignment/<int:number>/restore", assign_views.restore, name="restore_assignment_rule"),
    path("settings/crm/scores", score_views.rules, name="score_rules"),
    path("settings/crm/scores/<int:number>", score_views.change, name="change_score_rule"),
    path("settings/crm/scores/<int:number>/archive", score_views.archive, name="archive_score_rule"),
    path("settings/crm/scores/<int:number>/restore", score_views.restore, name="restore_score_rule"),
    path("settings/crm/permissions", permission_views.permissions, name="crm_permissions"),
    path("settings/crm/permissions/<slug:object_name>", permission_views.fields, name="field_permissions"),
    path("records/<slug:object_name>/<int:number>/delete", record_views.delete, name="delete_record"),
    path("records/<slug:object_name>", list_views.record_list, name="record_list"),
    path("records/<slug:object_name>/totals", list_views.totals, name="record_totals"),
    path("records/<slug:object_name>/export", export_views.records, name="record_export"),
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
