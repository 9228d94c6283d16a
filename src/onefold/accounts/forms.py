"""What people type about themselves and other users. The actions check it; here it only gets its types."""

from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onefold.accounts.models import User, Workspace
from onefold.accounts.permissions import PersonalData, Role


class SignInForm(LoginForm):
    """User name or e-mail, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 what Django's forms take
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("User name or e-mail"),
            max_length=254,
            widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
        )
        self.fields["password"] = forms.CharField(
            label=_("Password"),
            max_length=1000,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )

    def add_prefix(self, field_name: str) -> str:
        """Browsers and password managers know the field as `username`."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


LANGUAGES = (("", _("As in my browser")), *settings.LANGUAGES)
ROLES = (
    (Role.VIEWER.value, _("Viewer: sees people and events")),
    (Role.SALES.value, _("Salesperson: also sells, and corrects people")),
    (Role.MANAGER.value, _("Sales lead: also sells for a team, and exports people")),
    (Role.EDITOR.value, _("Editor: also edits audiences, links people, asks by SQL")),
    (Role.ADMIN.value, _("Administrator: also sources, users, settings, erasing")),
)
LEVELS = (
    (PersonalData.SHOWN.value, _("Shown")),
    (PersonalData.ON_REQUEST.value, _("Masked; one person's on request")),
    (PersonalData.MASKED.value, _("Masked")),
)
CURRENCIES = "EUR USD GBP CHF RON SEK NOK DKK PLN CZK HUF BGN TRY UAH CAD AUD NZD JPY CNY INR BRL MXN ZAR".split()  # noqa: SIM905 reads better


def time_zones() -> list[tuple[str, str]]:
    """Every zone by its name in the tz database."""
    return [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name or name == "UTC"]


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """How a user likes the pages."""

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=lambda: [("", _("The workspace's")), *time_zones()], required=False
    )
    theme = forms.ChoiceField(
        label=_("Theme"), choices=(("auto", _("As the system")), ("light", _("Light")), ("dark", _("Dark")))
    )
    density = forms.ChoiceField(
        label=_("Rows"),
        choices=(("compact", _("Compact")), ("normal", _("Normal")), ("comfortable", _("Comfortable"))),
    )

    class Meta:
        model = User
        fields = ("language", "time_zone", "theme", "density")


class WorkspaceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """What all users share."""

    name = forms.CharField(label=_("Name"), max_length=100)
    currency = forms.ChoiceField(
        label=_("Currency"), choices=[(code, code) for code in CURRENCIES], help_text=_("Sums are shown in it.")
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=time_zones, help_text=_("Of users who don't choose one, and of days in charts.")
    )

    class Meta:
        model = Workspace
        fields = ("name", "currency", "time_zone")


class SetUpForm(WorkspaceForm):
    """The workspace with its first administrator."""

    username = forms.CharField(
        label=_("Your user name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Your password"),
        max_length=1000,
        strip=False,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("username", "password", "name", "currency", "time_zone")


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label=_("E-mail"), max_length=150)
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)


class RightsForm(forms.Form):
    """What a user may do and see."""

    role = forms.ChoiceField(label=_("Role"), choices=ROLES)
    personal_data = forms.ChoiceField(
        label=_("E-mail addresses and phone numbers"),
        choices=LEVELS,
        help_text=_("What is shown on request is noted in the audit log."),
    )


class NewPasswordForm(forms.Form):
    """A password to be."""

    password = forms.CharField(
        label=_("New password"),
        max_length=1000,
        strip=False,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


class ApiKeyForm(forms.Form):
    """A key to be made."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What uses it, like Nightly report."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=(
            ("read", _("read: people and events")),
            ("personal_data", _("personal_data: e-mail addresses and phone numbers unmasked")),
            ("sql", _("sql: ask by SQL")),
            ("edit", _("edit: correct, link and export people")),
            ("manage", _("manage: sources, users, settings, erasing")),
        ),
        widget=forms.CheckboxSelectMultiple,
        initial=["read"],
    )
    days = forms.TypedChoiceField(
        label=_("Ends"),
        coerce=int,
        initial=90,
        choices=[(30, _("after 30 days")), (90, _("after 90 days")), (365, _("after a year")), (0, _("never"))],
    )
