"""The slice's door: records are written by programs as by people; what is found by name, how amounts are shown."""

from onefold.crm.access import own_objects_of
from onefold.crm.assign_setup import AssignmentWanted
from onefold.crm.assign_setup import add_rule as add_assignment_rule
from onefold.crm.lookups import CompanyFound, companies_named
from onefold.crm.objects import STANDARD, ObjectType
from onefold.crm.pipelines import Pipeline, load_pipelines
from onefold.crm.records import change_records, create_records
from onefold.crm.searching import FoundRecords, records_found
from onefold.crm.shown import money as amount_text
from onefold.crm.shown import money_about as amount_about
from onefold.crm.teams import add_member, add_team, load_teams
from onefold.crm.viewer import Doing, Reach, Viewer

__all__ = [
    "STANDARD",
    "AssignmentWanted",
    "CompanyFound",
    "Doing",
    "FoundRecords",
    "ObjectType",
    "Pipeline",
    "Reach",
    "Viewer",
    "add_assignment_rule",
    "add_member",
    "add_team",
    "amount_about",
    "amount_text",
    "change_records",
    "companies_named",
    "create_records",
    "load_pipelines",
    "load_teams",
    "own_objects_of",
    "records_found",
]
