"""The door to profiles: what other slices and the programs may use. Free of Django: the processor comes in here too."""

from onefold.profiles.fold import Claims, add_claims, current_values, pack, resolve, unpack
from onefold.profiles.fragment import Fragment
from onefold.profiles.fragments import fragments_of, person_of_fragment
from onefold.profiles.golden import Golden, floor_hour, golden_record, is_nobody
from onefold.profiles.ids import company_hash, to_text
from onefold.profiles.jump import jump_to_people
from onefold.profiles.naming import names_in_force
from onefold.profiles.newcomers import Newcomers, has_known, new_people
from onefold.profiles.refold import (
    CompanyFacts,
    CompanyRow,
    company_row,
    delete_companies,
    delete_members,
    delete_profiles,
    fold_companies,
    members_of,
    refold_profiles,
    replace_companies,
    widen_seen,
    write_companies,
    write_member_rows,
    write_profiles,
)

__all__ = [
    "Claims",
    "CompanyFacts",
    "CompanyRow",
    "Fragment",
    "Golden",
    "Newcomers",
    "add_claims",
    "company_hash",
    "company_row",
    "current_values",
    "delete_companies",
    "delete_members",
    "delete_profiles",
    "floor_hour",
    "fold_companies",
    "fragments_of",
    "golden_record",
    "has_known",
    "is_nobody",
    "jump_to_people",
    "members_of",
    "names_in_force",
    "new_people",
    "pack",
    "person_of_fragment",
    "refold_profiles",
    "replace_companies",
    "resolve",
    "to_text",
    "unpack",
    "widen_seen",
    "write_companies",
    "write_member_rows",
    "write_profiles",
]
