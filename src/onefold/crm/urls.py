"""Addresses of the CRM."""

from django.urls import path

from onefold.crm import beside_views, board_views, make_views, record_views

_STANDARD = {"deal": "deals", "task": "tasks", "activity": "activities", "product": "products"}

urlpatterns = [
    path("deals/board", board_views.board, name="board"),
    path("deals/lanes/<int:stage>", board_views.lane, name="lane"),
    path("deals/move", board_views.move, name="move_deal"),
    path("deals/<int:number>/stage", record_views.enter_stage, name="enter_stage"),
    path("tasks/<int:number>/done", beside_views.done, name="task_done"),
    path("acts/<uuid:act>/undo", record_views.undo_act, name="undo_act"),
    path("records/of/person/<str:identifier>", beside_views.of_person, name="records_of_person"),
    path("records/of/deal/<int:number>", beside_views.of_deal, name="records_of_deal"),
    path("records/of/company/<path:identifier>", beside_views.of_company, name="records_of_company"),
    path("records/<slug:object_name>/new", make_views.new_record, name="new_record"),
    path("records/<slug:object_name>/look-up/<slug:name>", make_views.look_up, name="look_up"),
    path("records/<slug:object_name>/<int:number>/fields/<slug:name>", record_views.field, name="record_field"),
    path("records/<slug:object_name>/<int:number>/fields/<slug:name>/edit", record_views.field_form, name="edit_field"),
    path("records/<slug:object_name>/<int:number>/delete", record_views.delete, name="delete_record"),
    path("records/<slug:object_name>/<int:number>", record_views.record_page, name="record"),
    *(
        path(f"{path_}/<int:number>", record_views.record_page, {"object_name": name}, name=name)
        for name, path_ in _STANDARD.items()
    ),
]
