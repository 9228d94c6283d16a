"""Rules of activities: calls, e-mails, meetings, notes. What they are about, and facts, without what was said."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from onefold.crm.errors import RecordRejected
from onefold.crm.objects import ACTIVITY
from onefold.crm.rules import Draft, Writing, row_of
from onefold.crm.subjects import Fact, log_facts, take_over, usernames
from onefold.crm.telling import keep_mentions
from onefold.infra.postgres import load_queries

QUERIES: Final = load_queries("onefold.crm", "activities.sql")
MOST_SECONDS: Final = 31_536_000
EVENTS: Final = {"call": "Call Logged", "email": "E-mail Logged", "meeting": "Meeting Logged", "note": "Note Added"}


class ActivityRules:
    """See `Rules`."""

    def prepare(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """It was now unless somebody says when; of a deal's activity also its person and company."""
        for draft in drafts:
            draft.after["at"] = draft.after["at"] or draft.at
            draft.after["kind"] = draft.after["kind"] or "note"
            _check_duration(draft, drafts)
        take_over(writing, drafts)

    def follow(self, writing: Writing, drafts: Sequence[Draft]) -> None:
        """Its deal isn't stale any more; whom it names hears of it."""
        active = sorted((draft.after["at"], draft.after["deal"]) for draft in drafts if draft.after["deal"])
        if active:
            latest = {deal: min(at, writing.now) for at, deal in active}
            parameters = {"deals": list(latest), "moments": list(latest.values())}
            writing.conn.execute(QUERIES["note_active"], parameters)
        keep_mentions(writing, ACTIVITY, "body", drafts)
        log_facts(writing, _facts(writing, drafts))

    def removed(self, writing: Writing, ids: Sequence[int], *, is_deleted: bool) -> None:
        """Nothing: when a deal was last worked on isn't taken back."""


def _check_duration(draft: Draft, drafts: Sequence[Draft]) -> None:
    seconds: Decimal | None = draft.after["duration_s"]
    if seconds is not None and not (0 <= seconds <= MOST_SECONDS and seconds == int(seconds)):
        said = _("Whole seconds are needed, up to %(most)s.") % {"most": f"{MOST_SECONDS:,}"}
        raise RecordRejected(said, {"duration_s": said}, row=row_of(draft, drafts))


def _facts(writing: Writing, drafts: Sequence[Draft]) -> Iterator[Fact]:
    """Texts stay in the CRM: who may read events needn't be whom a note was written for."""
    owners = usernames(writing.conn, (draft.after["owner"] for draft in drafts))
    for draft in drafts:
        after = draft.after
        if draft.before is None:
            duration = after["duration_s"]
            yield Fact(
                event=EVENTS.get(after["kind"], "Activity Logged"),
                key=str(draft.id),
                at=draft.at,
                person=after["person"],
                company=after["company"],
                properties={
                    "activity_id": draft.id,
                    "kind": after["kind"],
                    "at": after["at"].isoformat(),
                    "direction": after["direction"],
                    "outcome": after["outcome"],
                    "duration_s": int(duration) if duration is not None else None,
                    "deal_id": after["deal"],
                    "owner": owners.get(after["owner"]),
                },
            )
