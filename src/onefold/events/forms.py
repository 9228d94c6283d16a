"""What is typed about sources and keys. The actions check it; here it only gets its types."""

from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onefold.events.keys import SCOPES
from onefold.events.sources import IP_POLICIES, KINDS, NewSource, Source

LANES = ((0, _("Interactive: processed at once")), (1, _("Bulk: behind live events, for imports")))
POLICY_WORDS: dict[str, str | Promise] = {
    "keep": _("Keep whole"),
    "truncate": _("Cut the last part off"),
    "drop": _("Don't keep"),
}
KIND_WORDS: dict[str, tuple[str | Promise, str | Promise]] = {
    "browser": (_("Web site"), _("Pages in a browser, by one script line or a library.")),
    "app": (_("App"), _("On phones and tablets: React Native, Swift, Kotlin.")),
    "server": (_("Server"), _("Your back end, in any language. Its word counts more when people are joined.")),
    "import": (_("Import"), _("People and history that you have already; behind live events.")),
}
"""Title and a sentence for each kind."""


class SourceForm(forms.Form):
    """What may change later."""

    name = forms.CharField(max_length=200, label=_("Name"), help_text=_("What people call it, like Web shop."))
    lane = forms.TypedChoiceField(label=_("Lane"), choices=LANES, coerce=int, initial=0)
    priority = forms.IntegerField(
        min_value=0,
        max_value=1_000_000,
        initial=100,
        label=_("Priority"),
        help_text=_("Where sources disagree about a person, the smaller number wins."),
    )
    ip_policy = forms.ChoiceField(
        label=_("IP addresses"), choices=[(one, POLICY_WORDS[one]) for one in IP_POLICIES], initial="truncate"
    )
    rate_limit = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("Events a second, at most"),
        help_text=_("Empty: the limit of the workspace."),
    )
    id_cookie = forms.BooleanField(
        required=False,
        label=_("Own cookie for browsers"),
        help_text=_("Browsers of your own site get a cookie from the collector, and are known again for 13 months."),
    )
    allowed_origins = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label=_("Allowed web sites"),
        help_text=_("One a line, like https://shop.example.com. Empty: every site."),
    )

    def changes(self) -> dict[str, Any]:
        """For `update_source`."""
        return self.cleaned_data | {"allowed_origins": tuple(self.cleaned_data["allowed_origins"].split())}


class NewSourceForm(SourceForm):
    """What is said once, too. Two answers are enough: a kind and a name; the others have a good one already."""

    FIRST = ("kind", "name")

    kind = forms.ChoiceField(
        label=_("What sends the events?"),
        choices=[(one, KIND_WORDS[one][0]) for one in KINDS],
        widget=forms.RadioSelect,
    )
    slug = forms.CharField(
        required=False,
        max_length=63,
        label=_("Slug"),
        help_text=_("Its name in addresses: a-z, 0-9 and -. Empty: made of the name. Stays for ever."),
    )
    user_space = forms.CharField(
        required=False,
        max_length=30,
        label=_("User space"),
        help_text=_("Empty: user ids are those of other sources. Else a word of its own, like shop. Stays for ever."),
    )
    lane = forms.TypedChoiceField(
        label=_("Lane"),
        choices=(("", _("As suits the kind")), *LANES),
        coerce=int,
        required=False,
        empty_value=None,
    )
    priority = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=1_000_000,
        label=_("Priority"),
        help_text=_("Where sources disagree about a person, the smaller number wins. Empty: 100."),
    )
    field_order = ("kind", "name", "slug", "user_space")

    @property
    def first(self) -> list[Any]:
        """Fields that everybody answers."""
        return [self[name] for name in self.FIRST]

    @property
    def more(self) -> list[Any]:
        """Fields that have a good answer already."""
        return [field for field in self if field.name not in self.FIRST]

    @property
    def has_more_errors(self) -> bool:
        """Whether one of those was answered wrongly, so that it must be seen."""
        return any(field.errors for field in self.more)

    @property
    def cards(self) -> list[tuple[str, str | Promise, str | Promise, bool]]:
        """Value, title, sentence of each kind, and whether it is chosen."""
        chosen = self["kind"].value()
        return [(kind, *KIND_WORDS[kind], kind == chosen) for kind in KINDS]

    def new_source(self, slug: str) -> NewSource:
        """For `create_source`; `slug` unless one was typed."""
        said = self.changes()
        said["slug"] = said["slug"] or slug
        said["priority"] = 100 if said["priority"] is None else said["priority"]
        return NewSource(**said)


class KeyForm(forms.Form):
    """A key to be made."""

    kind = forms.ChoiceField(choices=[("public", _("Public")), ("secret", _("Secret"))])
    scopes = forms.MultipleChoiceField(
        required=False, choices=[(one, one) for one in SCOPES], widget=forms.CheckboxSelectMultiple
    )


def form_of(source: Source, posted: Any = None) -> SourceForm:  # noqa: ANN401  (a QueryDict)
    """The form with what is stored, or what was posted."""
    fields = ("name", "lane", "priority", "ip_policy", "rate_limit", "id_cookie")
    initial = {name: getattr(source, name) for name in fields}
    return SourceForm(posted, initial=initial | {"allowed_origins": "\n".join(source.allowed_origins)})
