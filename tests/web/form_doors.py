"""The doors of forms: part of the table in doors.py."""

from typing import Final

from onefold.accounts.api import Permission as P
from tests.web.door_kinds import Door

_ONE: Final = "forms/<int:number>"
_EDITED: Final = ("draft", "undo", "publish", "archive", "restore", "versions/<int:version>/take")
_DECIDED: Final = ("let-in", "discard")
FORM_DOORS: Final[dict[str, Door]] = {
    **{route: {"GET": P.SEE_PEOPLE} for route in ("forms", "forms/draw.js", f"{_ONE}/embed", f"{_ONE}/submissions")},
    "forms/new": {"GET": P.EDIT_AUDIENCES, "POST": P.EDIT_AUDIENCES},
    _ONE: {"GET": P.EDIT_AUDIENCES},
    **{f"{_ONE}/{end}": {"POST": P.EDIT_AUDIENCES} for end in _EDITED},
    **{f"{_ONE}/submissions/<uuid:submission>/{end}": {"POST": P.EDIT_AUDIENCES} for end in _DECIDED},
    "api/forms": {"GET": P.SEE_PEOPLE, "POST": P.EDIT_AUDIENCES},
    f"api/{_ONE}": {"GET": P.SEE_PEOPLE, "PATCH": P.EDIT_AUDIENCES},
    f"api/{_ONE}/submissions": {"GET": P.SEE_PEOPLE},
    **{f"api/{_ONE}/{end}": {"POST": P.EDIT_AUDIENCES} for end in ("publish", "archive", "restore")},
    **{f"api/{_ONE}/submissions/<uuidstr:submission>/{end}": {"POST": P.EDIT_AUDIENCES} for end in _DECIDED},
}
FORM_BODIES: Final[dict[str, dict[str, object]]] = {
    "api/forms": {"name": "x", "template": "no-such-template"},
    f"api/{_ONE}": {"name": "x"},
}
