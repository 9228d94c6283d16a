"""What can be wrong with what somebody asks of the CRM."""

from collections.abc import Mapping

from onefold.kernel.errors import Forbidden, NotFound, Rejected


class RecordRejected(Rejected):
    """The record can't be like that. `faults`: field → what is wrong with its value; `row`: of many which, from 1."""

    code = "record_invalid"

    def __init__(self, message: str, faults: Mapping[str, str] | None = None, *, row: int | None = None) -> None:
        super().__init__(message)
        self.faults = dict(faults or {})
        self.row = row

    @property
    def details(self) -> Mapping[str, object]:
        """As `OnefoldError`."""
        told: dict[str, object] = {"faults": self.faults} if self.faults else {}
        return told if self.row is None else told | {"row": self.row}


class StageRefused(RecordRejected):
    """A deal can't enter the stage yet. `fields` and `items`: what is missing, `stage`: which."""

    code = "stage_refused"

    def __init__(
        self, message: str, *, stage: int, fields: tuple[str, ...], items: tuple[str, ...], row: int | None = None
    ) -> None:
        super().__init__(message, {name: "needed" for name in fields}, row=row)
        self.stage, self.fields, self.items = stage, fields, items

    @property
    def details(self) -> Mapping[str, object]:
        """As `OnefoldError`."""
        return {**super().details, "stage": self.stage, "fields": self.fields, "items": self.items}


class EditConflict(Rejected):
    """Somebody else changed the field since it was looked at."""

    code = "edit_conflict"
    status = 409


class RecordMissing(NotFound):
    """There is no such record, or who asks may not see it: both look alike."""

    code = "record_not_found"


class RecordForbidden(Forbidden):
    """Who asks may see it, but not do this."""

    code = "record_forbidden"


class PolicyRejected(Rejected):
    """The rights of a role can't be like that."""

    code = "policy_invalid"


class TeamRejected(Rejected):
    """A sales team can't be like that."""

    code = "team_invalid"


class ShareRejected(Rejected):
    """A record can't be shared like that."""

    code = "share_invalid"


class SetupRejected(Rejected):
    """Pipelines, stages, rates, fields or objects can't be like that. `faults`: what was given → what is wrong."""

    code = "setup_invalid"

    def __init__(self, message: str, faults: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.faults = dict(faults or {})

    @property
    def details(self) -> Mapping[str, object]:
        """As `OnefoldError`."""
        return {"faults": self.faults} if self.faults else {}


class SetupMissing(NotFound):
    """There is no such pipeline, stage, rate, field or object."""

    code = "setup_not_found"


class LifecycleRejected(Rejected):
    """The stages of people's lives can't be like that."""

    code = "lifecycle_invalid"


class FileRejected(Rejected):
    """A file can't be kept like that."""

    code = "file_invalid"


class FileTooLarge(FileRejected):
    """A file has more bytes than are kept."""

    code = "file_too_large"
    status = 413
