"""What calls of the CRM's API bring: read with every digit, and checked for its shape. Pure.

Ninja would read a number as a double, which keeps no amount of seventeen digits.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from onefold.crm.errors import RecordRejected
from onefold.crm.records import MOST_ROWS
from onefold.kernel.errors import Rejected

MOST_ID: Final = 2**63 - 1
MOST_FIELDS: Final = 300
MOST_NAME: Final = 100
Fields = dict[str, Any]


class BodyRejected(Rejected):
    """The body isn't what this call takes."""

    code = "request_invalid"
    status = 422


_decoder: Final = msgspec.json.Decoder(Fields, float_hook=Decimal)


def read_body(body: bytes) -> Fields:
    """The JSON object; numbers are int or Decimal. Raises BodyRejected."""
    try:
        return _decoder.decode(body)
    except InvalidOperation as fault:
        raise BodyRejected("body: a number in it is beyond any that can be kept.") from fault
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise BodyRejected(f"body: must be a JSON object. {str(fault)[:200]}") from fault


def read_new(body: bytes) -> list[Fields]:
    """The records to be made: one, or those in `records`."""
    given = read_body(body)
    if "records" not in given:
        return [_checked(given)]
    return _records(given)


def read_change(body: bytes) -> tuple[Fields, Fields]:
    """The fields to change, and what was seen before."""
    given = read_body(body)
    seen = given.pop("seen", None)
    if seen is not None and not isinstance(seen, dict):
        raise BodyRejected("seen: must be an object: fields with the values that they had.")
    return _checked(given), _checked(seen or {})


def read_changes(body: bytes) -> dict[int, Fields]:
    """The fields to change by record."""
    found: dict[int, Fields] = {}
    for n, one in enumerate(_records(read_body(body)), 1):
        number = _id(one.pop("id", None), f"records: the record {n} needs its id")
        if number in found:
            raise BodyRejected(f"records: {number} is there twice. Say once what shall become of it.")
        found[number] = one
    return found


def read_ids(body: bytes) -> list[int]:
    """The records meant, each once."""
    given = read_body(body)
    _demand_only(given, "ids")
    ids = given["ids"]
    if not isinstance(ids, list):
        raise BodyRejected("ids: must be a list of numbers of records.")
    _demand_number(ids)
    return list(dict.fromkeys(_id(one, "ids: each must be the number of a record") for one in ids))


def as_id(number: int) -> int:
    """A number from an address: beyond what any record has it is 0, which none has."""
    return number if number <= MOST_ID else 0


def _records(given: Fields) -> list[Fields]:
    _demand_only(given, "records")
    records = given["records"]
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise BodyRejected("records: must be a list of objects, each with the fields of a record.")
    _demand_number(records)
    return [_checked(one) for one in records]


def _checked(fields: Fields) -> Fields:
    """An error names every field in question: not tens of thousands."""
    if len(fields) > MOST_FIELDS or any(len(name) > MOST_NAME for name in fields):
        raise BodyRejected(f"body: a record has up to {MOST_FIELDS} fields, with names of up to {MOST_NAME} letters.")
    return fields


def _demand_only(given: Mapping[str, object], name: str) -> None:
    if name not in given:
        raise BodyRejected(f"{name}: is needed.")
    if len(given) > 1:
        other = next(one for one in given if one != name)
        raise BodyRejected(f"{other[:80]}: can't be said beside {name}.")


def _demand_number(rows: Sequence[object]) -> None:
    if not 1 <= len(rows) <= MOST_ROWS:
        raise RecordRejected(f"1 to {MOST_ROWS:,} records may be written at once; these are {len(rows):,}.")


def _id(given: object, message: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given <= MOST_ID:
        raise BodyRejected(f"{message}, a whole number from 1 on.")
    return given
