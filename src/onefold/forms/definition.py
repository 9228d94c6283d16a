"""What a form is: fields, wording, guard, look. Pure. `faults_of` says what is wrong with one, for whoever edits it."""

import re
from collections.abc import Iterator
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec
from django.utils.translation import gettext as _

from onefold.events.api import slug_of
from onefold.kernel.errors import Rejected

Kind = Literal["text", "email", "phone", "number", "long", "choice", "choices", "hidden"]
KINDS: Final = ("text", "email", "phone", "number", "long", "choice", "choices", "hidden")
LANGUAGES: Final = ("en", "de", "ro")
MAX_FIELDS: Final = 20
MAX_CHOICES: Final = 100
MAX_NAME: Final = 100
MAX_LABEL: Final = 200
MAX_TEXT: Final = 2_000
MAX_ORIGINS: Final = 50
MAX_URL: Final = 1_000
MAX_WAIT_S: Final = 60
CHOOSING: Final = frozenset(("choice", "choices"))
_TRAIT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.\-\[\]:]+")


class FormRejected(Rejected):
    """The form can't be like that; the message lists every fault."""

    code = "form_invalid"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a form. `name`: the trait it becomes, or a property of the event where `is_of_event`."""

    name: str
    kind: Kind = "text"
    label: str = ""
    placeholder: str = ""
    is_required: bool = False
    choices: tuple[str, ...] = ()
    value: str = ""  # of a hidden one
    is_of_event: bool = False


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A box to tick; without purposes there is none."""

    purposes: tuple[str, ...] = ()
    wording: str = ""
    is_required: bool = False


class OptIn(msgspec.Struct, frozen=True, kw_only=True):
    """A mail with a link that confirms. {link} and {first_name} of subject and text are filled in."""

    is_on: bool = False
    subject: str = ""
    text: str = ""


class After(msgspec.Struct, frozen=True, kw_only=True):
    """What visitors see when it is sent: a message, or another page."""

    message: str = ""
    redirect: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How it looks; the font is the page's."""

    accent: str = "#4446cf"
    button: str = ""
    corner: int = 6  # px


class Lead(msgspec.Struct, frozen=True, kw_only=True):
    """Traits that somebody gets who hasn't got them yet; "" = leave it."""

    lifecycle_stage: str = "lead"
    lead_source: str = "form"
    lead_status: str = ""
    owner: str = ""  # user name


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A form. Stored whole, so that a version says for ever what it asked for."""

    title: str = ""
    intro: str = ""
    language: str = "en"
    fields: tuple[Field, ...] = ()
    consent: Consent = Consent()
    opt_in: OptIn = OptIn()
    after: After = After()
    look: Look = Look()
    lead: Lead = Lead()
    origins: tuple[str, ...] = ()  # sites that may embed it; () = every one
    least_s: int = 2  # sent sooner than that, it is kept aside


STANDARD: Final = {
    "first_name": Field(name="first_name", label="First name"),
    "last_name": Field(name="last_name", label="Last name"),
    "email": Field(name="email", kind="email", label="E-mail", is_required=True),
    "phone": Field(name="phone", kind="phone", label="Phone"),
    "company": Field(name="company", label="Company"),
    "title": Field(name="title", label="Job title"),
    "message": Field(name="message", kind="long", label="Message", is_of_event=True),
}
"""Fields that can be added as they are."""
HIDDEN: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid")
"""What is read off the page's address without being asked for."""
_NOT_TRAITS: Final = frozenset(("id", "userId", "anonymousId", "website", *HIDDEN))
"""Names that the identity, the honeypot or the campaign have."""

_read: Final = msgspec.json.Decoder(Definition).decode
_write: Final = msgspec.json.Encoder().encode


def definition_from(text: bytes | str) -> Definition:
    """From JSON. Raises FormRejected when it has another shape; what it says isn't looked at."""
    try:
        return _read(text)
    except (msgspec.MsgspecError, RecursionError, ValueError) as fault:
        raise FormRejected(f"This is no form: {fault}.") from fault


def traits_of(definition: Definition) -> dict[str, str]:
    """What somebody gets who has no such trait yet."""
    return {name: text for name, text in msgspec.structs.asdict(definition.lead).items() if text}


def text_of(definition: Definition) -> str:
    """As JSON."""
    return _write(definition).decode()


def check(definition: Definition, purposes: frozenset[str]) -> None:
    """Raises FormRejected with everything that is wrong. `purposes`: slugs of those that there are."""
    if faults := list(faults_of(definition, purposes)):
        raise FormRejected(" ".join(faults))


def faults_of(definition: Definition, purposes: frozenset[str]) -> Iterator[str]:
    """Sentences for whoever edits; none = it can be published."""
    yield from _faults_of_texts(definition)
    if not any(field.kind != "hidden" for field in definition.fields):
        yield _("A form needs a field that visitors fill in.")
    if len(definition.fields) > MAX_FIELDS:
        yield _("A form has up to %(n)d fields.") % {"n": MAX_FIELDS}
    names = [field.name for field in definition.fields]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield _("Two fields are called %(name)s.") % {"name": name[:60]}
    for field in definition.fields[:MAX_FIELDS]:
        yield from _faults_of_field(field)
    yield from _faults_of_consent(definition.consent, purposes)
    yield from _faults_of_opt_in(definition)
    yield from _faults_of_rest(definition)


def _faults_of_texts(definition: Definition) -> Iterator[str]:
    if len(definition.title) > MAX_LABEL or len(definition.look.button) > MAX_LABEL:
        yield _("Heading and button have up to %(n)d characters.") % {"n": MAX_LABEL}
    if len(definition.intro) > MAX_TEXT or len(definition.after.message) > MAX_TEXT:
        yield _("Text above the fields and thanks have up to %(n)d characters.") % {"n": MAX_TEXT}
    if definition.language not in LANGUAGES:
        yield _("The language is one of %(languages)s.") % {"languages": ", ".join(LANGUAGES)}


def _faults_of_field(field: Field) -> Iterator[str]:
    name = field.name[:60]
    if not _TRAIT.fullmatch(field.name) or field.name in _NOT_TRAITS:
        yield _("%(name)s can't be a trait: up to 50 letters, digits and _, the first a letter.") % {
            "name": name or "-"
        }
    if field.kind != "hidden" and not field.label.strip():
        yield _("The field %(name)s needs a label.") % {"name": name}
    if max(len(field.label), len(field.placeholder), len(field.value)) > MAX_LABEL:
        yield _("Label, hint and value of %(name)s have up to %(n)d characters.") % {"name": name, "n": MAX_LABEL}
    if (field.name == "email") != (field.kind == "email"):
        yield _("The field %(name)s: what is called email is an e-mail address, and nothing else is.") % {"name": name}
    if field.kind in CHOOSING:
        if not field.choices or len(field.choices) > MAX_CHOICES or len(set(field.choices)) < len(field.choices):
            yield _("The field %(name)s needs 1 to %(n)d choices, each another.") % {"name": name, "n": MAX_CHOICES}
        if any(not choice.strip() or len(choice) > MAX_LABEL for choice in field.choices):
            yield _("Each choice of %(name)s has 1 to %(n)d characters.") % {"name": name, "n": MAX_LABEL}


def _faults_of_consent(consent: Consent, purposes: frozenset[str]) -> Iterator[str]:
    if len(consent.wording) > MAX_TEXT:
        yield _("The wording of the consent has up to %(n)d characters.") % {"n": MAX_TEXT}
    if consent.purposes and not consent.wording.strip():
        yield _("Who is asked for consent must be told to what: give it a wording.")
    for slug in consent.purposes:
        if slug_of(slug) != slug or slug not in purposes:
            yield _("There is no purpose %(name)s.") % {"name": slug[:60]}


def _faults_of_opt_in(definition: Definition) -> Iterator[str]:
    opt_in = definition.opt_in
    if len(opt_in.subject) > MAX_LABEL or len(opt_in.text) > MAX_TEXT:
        yield _("Subject and text of the mail have up to %(n)d and %(m)d characters.") % {"n": MAX_LABEL, "m": MAX_TEXT}
    if not opt_in.is_on:
        return
    if not any(field.name == "email" and field.is_required for field in definition.fields):
        yield _("To confirm by mail the form needs a required e-mail field.")
    if opt_in.text and "{link}" not in opt_in.text:
        yield _("The mail's text needs {link}, where the link stands.")


def _faults_of_rest(definition: Definition) -> Iterator[str]:
    look, after = definition.look, definition.after
    if not _COLOUR.fullmatch(look.accent):
        yield _("A colour is like #4446cf.")
    if not 0 <= look.corner <= 24:
        yield _("Corners are 0 to 24 pixels round.")
    if after.redirect and not _is_address(after.redirect):
        yield _("The page to go to begins with https:// or http://.")
    if len(definition.origins) > MAX_ORIGINS or not all(_ORIGIN.fullmatch(origin) for origin in definition.origins):
        yield _("Up to %(n)d sites, each like https://shop.example.com.") % {"n": MAX_ORIGINS}
    if not 0 <= definition.least_s <= MAX_WAIT_S:
        yield _("The least time to fill it in is 0 to %(n)d seconds.") % {"n": MAX_WAIT_S}
    if any(len(text) > MAX_LABEL for text in traits_of(definition).values()):
        yield _("Lifecycle stage, lead source, status and owner have up to %(n)d characters.") % {"n": MAX_LABEL}


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_whole = parts.scheme in ("http", "https") and bool(_ORIGIN.fullmatch(f"{parts.scheme}://{parts.netloc}".lower()))
    return is_whole and text.isprintable() and " " not in text and len(text) <= MAX_URL


def cleaned_origin(text: str) -> str:
    """A site as it is compared."""
    return text.strip().rstrip("/").lower()
