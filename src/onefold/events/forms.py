"""What is typed about sources and keys. The actions check it; here it only gets its types."""

from typing import Any

from django import forms

from onefold.events.keys import SCOPES
from onefold.events.sources import IP_POLICIES, KINDS, NewSource, Source

LANES = ((0, "Interactive: processed at once"), (1, "Bulk: behind live events, for imports"))
_POLICY_WORDS = {"keep": "Keep whole", "truncate": "Cut the last part off", "drop": "Don't keep"}


class SourceForm(forms.Form):
    """What may change later."""

    name = forms.CharField(max_length=200, help_text="What people call it, like Web shop.")
    lane = forms.TypedChoiceField(choices=LANES, coerce=int, initial=0)
    priority = forms.IntegerField(
        min_value=0,
        max_value=1_000_000,
        initial=100,
        help_text="Where sources disagree about a person, the smaller number wins.",
    )
    ip_policy = forms.ChoiceField(
        label="IP addresses", choices=[(one, _POLICY_WORDS[one]) for one in IP_POLICIES], initial="truncate"
    )
    rate_limit = forms.IntegerField(
        required=False, min_value=1, label="Events a second, at most", help_text="Empty: the limit of the workspace."
    )
    id_cookie = forms.BooleanField(
        required=False,
        label="Own cookie for browsers",
        help_text="Browsers of your own site get a cookie from the collector, and are known again for 13 months.",
    )
    allowed_origins = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Allowed web sites",
        help_text="One a line, like https://shop.example.com. Empty: every site.",
    )

    def changes(self) -> dict[str, Any]:
        """For `update_source`."""
        return self.cleaned_data | {"allowed_origins": tuple(self.cleaned_data["allowed_origins"].split())}


class NewSourceForm(SourceForm):
    """What is said once, too."""

    slug = forms.CharField(max_length=63, help_text="Its name in addresses: a-z, 0-9 and -. Stays for ever.")
    kind = forms.ChoiceField(
        choices=[(one, one.capitalize()) for one in KINDS],
        help_text="Where it runs: in browsers, on a server, or files.",
    )
    user_space = forms.CharField(
        required=False,
        max_length=30,
        help_text="Empty: user ids are those of other sources. Else a word of its own, like shop. Stays for ever.",
    )
    field_order = ("name", "slug", "kind", "user_space")

    def new_source(self) -> NewSource:
        """For `create_source`."""
        return NewSource(**self.changes())


class KeyForm(forms.Form):
    """A key to be made."""

    kind = forms.ChoiceField(choices=[("public", "Public"), ("secret", "Secret")])
    scopes = forms.MultipleChoiceField(
        required=False, choices=[(one, one) for one in SCOPES], widget=forms.CheckboxSelectMultiple
    )


def form_of(source: Source, posted: Any = None) -> SourceForm:  # noqa: ANN401  (a QueryDict)
    """The form with what is stored, or what was posted."""
    fields = ("name", "lane", "priority", "ip_policy", "rate_limit", "id_cookie")
    initial = {name: getattr(source, name) for name in fields}
    return SourceForm(posted, initial=initial | {"allowed_origins": "\n".join(source.allowed_origins)})
