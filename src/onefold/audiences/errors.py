"""How the slice says no."""

from onefold.kernel.errors import Forbidden, Rejected


class RuleRejected(Rejected):
    """A rule asks for what there is not; the message names the place in it and what is allowed there."""

    code = "rule_rejected"


class AudienceRejected(Rejected):
    """An audience, computed trait or list can't be made or changed so."""

    code = "audience_rejected"


class AudienceInUse(Rejected):
    """Others ask for it."""

    code = "audience_in_use"
    status = 409


class VersionConflict(Rejected):
    """Somebody else was faster."""

    code = "version_conflict"
    status = 409


class RuleHidden(Forbidden):
    """The rule compares with personal data that who asks may not see."""

    code = "rule_hidden"
