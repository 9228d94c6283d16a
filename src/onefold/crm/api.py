"""The slice's door: records are written by programs as by people; companies by name, and how amounts are shown."""

from onefold.crm.lookups import CompanyFound, companies_named
from onefold.crm.objects import STANDARD, ObjectType
from onefold.crm.pipelines import Pipeline, load_pipelines
from onefold.crm.records import change_records, create_records
from onefold.crm.shown import money as amount_text
from onefold.crm.viewer import Doing, Reach, Viewer

__all__ = [
    "STANDARD",
    "CompanyFound",
    "Doing",
    "ObjectType",
    "Pipeline",
    "Reach",
    "Viewer",
    "amount_text",
    "change_records",
    "companies_named",
    "create_records",
    "load_pipelines",
]
