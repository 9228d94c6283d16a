"""The door to profiles: what other slices and the programs may use. Free of Django: the processor comes in here too."""

from onefold.kernel.hashing import company_hash
from onefold.profiles.anchors import Anchor, anchors_of, identifiers_at, identifiers_of, people_at
from onefold.profiles.answers import event_answer
from onefold.profiles.companies import (
    Company,
    CompanyPerson,
    claims_of_company,
    companies_by_themselves,
    companies_of,
    company_timeline,
    find_company,
    load_companies,
    merged_companies,
    people_of,
)
from onefold.profiles.company_edits import (
    correct_company,
    keep_companies_apart,
    merge_companies,
    new_company,
    put_into_company,
    take_out_of_company,
    undo_company_correction,
    undo_company_decision,
)
from onefold.profiles.company_heads import (
    APART,
    MERGED_INTO,
    Head,
    decision_in,
    head_row,
    heads_of,
    is_decision,
    merged_into,
    write_heads,
)
from onefold.profiles.correct_companies import correct_companies, undo_companies
from onefold.profiles.correct_many import MOST_AT_ONCE as MOST_CORRECTED
from onefold.profiles.correct_many import correct_many, undo_many
from onefold.profiles.corrections import (
    AlreadyKnown,
    CorrectionRejected,
    correct,
    correct_all,
    correction_of,
    new_person,
    strongest,
    value_from_text,
)
from onefold.profiles.corrections import undo as undo_correction
from onefold.profiles.doings import Doings, doings_of
from onefold.profiles.export_answers import MAX_AT_ONCE, Taken, take_out
from onefold.profiles.export_files import FORMATS, Column, Format, Rows, format_named
from onefold.profiles.exports import Export, remove_all_exports
from onefold.profiles.fold import Claims, add_claims, current_values, pack, resolve, unpack
from onefold.profiles.fragment import Fragment
from onefold.profiles.fragments import fragments_of, people_of_fragments, person_of_fragment
from onefold.profiles.golden import Golden, floor_hour, golden_record, is_nobody
from onefold.profiles.ids import company_named, from_text, to_text
from onefold.profiles.jump import jump_to_people
from onefold.profiles.links import Decision, RuleInForce, RuleRejected, decide, decided_ends, rules_in_force
from onefold.profiles.links import undo as undo_decision
from onefold.profiles.more import More, MoreFields, hand_in
from onefold.profiles.naming import IdentifierRejected, Names, names_in_force
from onefold.profiles.newcomers import Newcomers, has_known, new_people
from onefold.profiles.people import Person, ids_in, list_page, list_state
from onefold.profiles.people_fields import PeopleCatalogue, is_address, without_addresses
from onefold.profiles.people_listed import catalogue_for as people_catalogue
from onefold.profiles.people_state import state_of as list_state_of
from onefold.profiles.people_suggest import TraitName, TraitValue, trait_names, trait_values
from onefold.profiles.person import Found, Member, find, load_members, load_profile, load_rules, traits_of
from onefold.profiles.purchases import Purchase, Purchases, fragments_of_people, purchases_of
from onefold.profiles.refold import (
    CompanyFacts,
    CompanyRow,
    Refolded,
    companies_with,
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
from onefold.profiles.standing import Standing, standing
from onefold.profiles.timeline import Entry as TimelineEntry
from onefold.profiles.timeline import place_from_text, place_to_text, timeline_page
from onefold.profiles.why import Provenance, why_company_trait, why_trait

__all__ = [
    "APART",
    "FORMATS",
    "MAX_AT_ONCE",
    "MERGED_INTO",
    "MOST_CORRECTED",
    "AlreadyKnown",
    "Anchor",
    "Claims",
    "Column",
    "Company",
    "CompanyFacts",
    "CompanyPerson",
    "CompanyRow",
    "CorrectionRejected",
    "Decision",
    "Doings",
    "Export",
    "Format",
    "Found",
    "Fragment",
    "Golden",
    "Head",
    "IdentifierRejected",
    "Member",
    "More",
    "MoreFields",
    "Names",
    "Newcomers",
    "PeopleCatalogue",
    "Person",
    "Provenance",
    "Purchase",
    "Purchases",
    "Refolded",
    "Rows",
    "RuleInForce",
    "RuleRejected",
    "Standing",
    "Taken",
    "TimelineEntry",
    "TraitName",
    "TraitValue",
    "add_claims",
    "anchors_of",
    "claims_of_company",
    "companies_by_themselves",
    "companies_of",
    "companies_with",
    "company_hash",
    "company_named",
    "company_row",
    "company_timeline",
    "correct",
    "correct_all",
    "correct_companies",
    "correct_company",
    "correct_many",
    "correction_of",
    "current_values",
    "decide",
    "decided_ends",
    "decision_in",
    "delete_companies",
    "delete_members",
    "delete_profiles",
    "doings_of",
    "event_answer",
    "find",
    "find_company",
    "floor_hour",
    "fold_companies",
    "format_named",
    "fragments_of",
    "fragments_of_people",
    "from_text",
    "golden_record",
    "hand_in",
    "has_known",
    "head_row",
    "heads_of",
    "identifiers_at",
    "identifiers_of",
    "ids_in",
    "is_address",
    "is_decision",
    "is_nobody",
    "jump_to_people",
    "keep_companies_apart",
    "list_page",
    "list_state",
    "list_state_of",
    "load_companies",
    "load_members",
    "load_profile",
    "load_rules",
    "members_of",
    "merge_companies",
    "merged_companies",
    "merged_into",
    "names_in_force",
    "new_company",
    "new_people",
    "new_person",
    "pack",
    "people_at",
    "people_catalogue",
    "people_of",
    "people_of_fragments",
    "person_of_fragment",
    "place_from_text",
    "place_to_text",
    "purchases_of",
    "put_into_company",
    "refold_profiles",
    "remove_all_exports",
    "replace_companies",
    "resolve",
    "rules_in_force",
    "standing",
    "strongest",
    "take_out",
    "take_out_of_company",
    "timeline_page",
    "to_text",
    "trait_names",
    "trait_values",
    "traits_of",
    "undo_companies",
    "undo_company_correction",
    "undo_company_decision",
    "undo_correction",
    "undo_decision",
    "undo_many",
    "unpack",
    "value_from_text",
    "why_company_trait",
    "why_trait",
    "widen_seen",
    "without_addresses",
    "write_companies",
    "write_heads",
    "write_member_rows",
    "write_profiles",
]
