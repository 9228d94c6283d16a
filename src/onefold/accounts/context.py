"""What every page may need of the user: preferences, the settings' tabs, whether this person can be revealed."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from onefold.accounts.permissions import Actor, Permission, may
from onefold.accounts.reveal import is_revealed, person_in


def account(request: HttpRequest) -> dict[str, object]:
    """`theme`, `density`; `settings_tabs`; `revealable`: the profile id that Reveal would show; `has_mail`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"has_mail": bool(settings.EMAIL_HOST)}
    rights = frozenset(permission.value for permission in Permission if may(user, permission))
    can_ask = Permission.REVEAL_PERSONAL_DATA in rights and Permission.SEE_PERSONAL_DATA not in rights
    return {
        "theme": user.theme,
        "density": user.density,
        "has_mail": bool(settings.EMAIL_HOST),
        "settings_tabs": _tabs(request) if request.path.startswith(("/settings/", "/account/")) else [],
        "revealable": person_in(request.path) if can_ask and not is_revealed(request) else "",
    }


def _tabs(request: HttpRequest) -> list[dict[str, object]]:
    """What the settings have for this user, by name, address and whether it is the page shown."""
    return [
        {"title": title, "url": url, "is_current": request.path.startswith(url)}
        for title, url in pages_for(request.user)
    ]


def pages_for(actor: Actor) -> list[tuple[str, str]]:
    """Title and address of every page of the settings that `actor` may open."""
    found = [
        (_("You"), "/settings/me", None),
        (_("Sign-in"), reverse("mfa_index"), None),
        (_("API keys"), "/settings/keys", None),
        (_("People & roles"), "/settings/users", Permission.MANAGE_USERS),
        (_("Workspace"), "/settings/workspace", Permission.MANAGE_SETTINGS),
        (_("Pipelines"), "/settings/crm/pipelines", Permission.MANAGE_CRM),
        (_("Exchange rates"), "/settings/crm/rates", Permission.MANAGE_CRM),
        (_("Objects and fields"), "/settings/crm/objects", Permission.MANAGE_CRM),
        (_("Sales teams"), "/settings/crm/teams", Permission.MANAGE_CRM),
        (_("Lifecycle stages"), "/settings/crm/lifecycle", Permission.MANAGE_CRM),
        (_("Assignment"), "/settings/crm/assignment", Permission.MANAGE_CRM),
        (_("Scores"), "/settings/crm/scores", Permission.MANAGE_CRM),
        (_("Rights in the CRM"), "/settings/crm/permissions", Permission.MANAGE_CRM),
        (_("Webhooks"), "/settings/webhooks", Permission.MANAGE_CRM),
        (_("Audit log"), "/settings/audit", Permission.SEE_AUDIT),
    ]
    return [(title, url) for title, url, needed in found if needed is None or may(actor, needed)]
