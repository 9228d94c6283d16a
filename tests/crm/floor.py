"""A sales floor for tests of rights: one who asks, a teammate, a stranger, and a record of each."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from psycopg import Connection

from onefold.accounts.api import Role
from onefold.crm.access import asking_of, viewer_of
from onefold.crm.catalogue import Asking
from onefold.crm.objects import ObjectType
from onefold.crm.records import create_records
from onefold.crm.schema import forget_objects, objects_in_force
from onefold.crm.teams import add_member, add_team

if TYPE_CHECKING:
    from onefold.accounts.models import User

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWNERS: Final = ("own", "mate", "stranger", "nobody")
MakeUser = Callable[..., "User"]


class Floor:
    """A sales floor: `me` asks, `mate` is in the same team, `stranger` in none; a record of each, and nobody's."""

    def __init__(self, conn: Connection[Any], make_user: MakeUser) -> None:
        conn.execute(
            "insert into custom_object (name, title, plural, icon, place) values ('boat','Boat','Boats','x',1)"
        )
        forget_objects()
        self.conn = conn
        self.root = make_user("root", Role.ADMIN)
        self.users = {"mate": make_user("mate", Role.SALES), "stranger": make_user("stranger", Role.SALES)}
        self.make_user = make_user
        self.team = add_team(conn, "North", acting_user="test")
        add_member(conn, self.team, "mate", acting_user="test")
        self.ids: dict[str, dict[str, int]] = {}

    def enter(self, role: Role) -> "User":
        """Who asks, of this role."""
        me = self.users["own"] = self.make_user("sam", role)
        add_member(self.conn, self.team, "sam", acting_user="test")
        return me

    def fill(self, name: str) -> dict[str, int]:
        """A record of the object for each owner, all about one company, person and deal; their numbers."""
        kind = self.kind(name)
        rows = []
        for whose in OWNERS:
            fields = {"name": f"{name} of {whose}", "owner": self.users[whose].username if whose in self.users else ""}
            about = {"company": ":acme", "person": "user_id:1", "deal": self.deal if "deal" in kind.by_name else None}
            rows.append(fields | {key: value for key, value in about.items() if key in kind.by_name and value})
        numbers = create_records(self.conn, kind, rows, viewer=viewer_of(self.conn, self.root)).ids
        self.ids[name] = dict(zip(OWNERS, numbers, strict=True))
        return self.ids[name]

    @property
    def deal(self) -> str | None:
        """A deal that `me` owns, as references name it."""
        return str(self.ids["deal"]["own"]) if "deal" in self.ids else None

    def kind(self, name: str) -> ObjectType:
        return objects_in_force(self.conn)[name]

    def asking(self) -> Asking:
        return asking_of(self.conn, self.users["own"])


def relation(kind: ObjectType) -> str:
    return kind.name if kind.number is not None else kind.path.removeprefix("/")
