"""Every setting of Onefold: one frozen object, read once from the environment, all faults told together."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, inspect

from onefold.kernel.errors import Broken, Rejected

PREFIX: Final = "ONEFOLD_"
DATABASE_URL: Final = "DATABASE_URL"
NEAR: Final = 0.8  # of 1: a letter or two off
DJANGO_SETTINGS: Final = "onefold.programs.web.settings"

Port = Annotated[int, Meta(ge=1, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


class SettingsRejected(Rejected):
    """One or more settings are wrong; the message lists every one of them."""

    code = "settings_rejected"


class Secret:
    """A text that never shows itself in a log, a trace or a `repr`; `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that belong together; `description` of each field is what the reference page shows."""


class DatabaseSettings(Group, frozen=True, kw_only=True):
    """Where the state lives."""

    url: Annotated[Secret | None, Meta(description="PostgreSQL 15 or later; empty = an embedded server")] = None
    data_dir: Annotated[Path, Meta(description="Folder of the embedded server and of generated keys")] = Path(
        "onefold-data"
    )

    def address(self) -> str:
        """The URL as text. Raises Broken when none is known: `infra.embedded.database` gives settings that know one."""
        if self.url is None:
            raise Broken("The address of a running database is needed here.")
        return self.url.reveal()


class CollectorSettings(Group, frozen=True, kw_only=True):
    """The tracking API."""

    host: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 = every one")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port to listen on")] = 8088
    url: Annotated[str | None, Meta(description="Address for senders, which pages show; empty = host and port")] = None
    max_event_bytes: Annotated[Positive, Meta(description="Largest event")] = 32_768
    max_request_bytes: Annotated[Positive, Meta(description="Largest request body as sent")] = 512_000
    max_inflated_bytes: Annotated[Positive, Meta(description="Largest request body after gzip is undone")] = 4_000_000
    max_events: Annotated[Positive, Meta(description="Most events in one request")] = 2_500
    max_queued_bytes: Annotated[Positive, Meta(description="Bodies waiting for their commit; beyond it 503")] = (
        33_554_432
    )
    rate_limit: Annotated[Positive, Meta(description="Events per second of a source that sets no limit itself")] = (
        50_000
    )
    proxy_count: Annotated[
        int, Meta(ge=0, le=10, description="Reverse proxies in front, whose `X-Forwarded-For` is believed; 0 = none")
    ] = 0


class ProcessorSettings(Group, frozen=True, kw_only=True):
    """From the log to profiles."""

    max_batch_events: Annotated[Positive, Meta(description="Most events in one transaction")] = 10_000
    min_interval_ms: Annotated[int, Meta(ge=0, description="Least time between the starts of two batches")] = 100
    target_batch_ms: Annotated[Positive, Meta(description="Batches grow or shrink towards this time")] = 300


class WebSettings(Group, frozen=True, kw_only=True):
    """Pages and REST API."""

    host: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 = every one")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port to listen on")] = 8000
    secret_key: Annotated[
        Secret | None, Meta(description="Signs sessions; at least 32 characters; empty = made in the data folder")
    ] = None
    allowed_hosts: Annotated[tuple[str, ...], Meta(description="Host names it answers to, by commas")] = (
        "localhost",
        "127.0.0.1",
        "[::1]",
    )
    proxy_count: Annotated[
        int, Meta(ge=0, le=10, description="Reverse proxies in front, whose `X-Forwarded-For` is believed; 0 = none")
    ] = 0


class PrivacySettings(Group, frozen=True, kw_only=True):
    """What people may ask for."""

    secret_key: Annotated[
        Secret | None,
        Meta(
            description="Hashes erased identifiers; at least 32 characters, the same for every processor, never "
            "changed; empty = made in the data folder"
        ),
    ] = None


class MailSettings(Group, frozen=True, kw_only=True):
    """How mail leaves: invitations, new passwords. Without a host links are copied by hand."""

    host: Annotated[str, Meta(description="SMTP server; empty = no mail is sent")] = ""
    port: Annotated[Port, Meta(description="Its port")] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"], Meta(description="How the connection is kept from being read")
    ] = "starttls"
    username: Annotated[str, Meta(description="Name at the server; empty = it asks for none")] = ""
    password: Annotated[Secret | None, Meta(description="Password at the server")] = None
    sender: Annotated[str, Meta(description="Address that mail comes from")] = "onefold@localhost"


class OidcSettings(Group, frozen=True, kw_only=True):
    """Signing in by an OpenID Connect provider. The address to enter there is `/oidc/sso/login/callback/`."""

    server_url: Annotated[str, Meta(description="Issuer, like https://id.example.com/realms/main; empty = none")] = ""
    client_id: Annotated[str, Meta(description="Id that the provider gave Onefold")] = ""
    client_secret: Annotated[Secret | None, Meta(description="Secret that the provider gave Onefold")] = None
    name: Annotated[str, Meta(description="What the button is called")] = "single sign-on"
    new_users: Annotated[
        Literal["refused", "viewer", "sales", "manager", "editor"],
        Meta(description="What becomes of somebody whom nobody invited: refused, or a user of this role"),
    ] = "refused"


class RetentionSettings(Group, frozen=True, kw_only=True):
    """How long what is no longer needed is kept."""

    log_days: Annotated[Positive, Meta(description="Days that processed requests stay in the log")] = 7
    outcome_days: Annotated[Positive, Meta(description="Days that violations, duplicates and counts are kept")] = 90


class WebhookSettings(Group, frozen=True, kw_only=True):
    """Messages to other programs."""

    private: Annotated[
        bool, Meta(description="Whether messages may go to addresses of a private network, this machine's included")
    ] = False


class LakeSettings(Group, frozen=True, kw_only=True):
    """Every event for ever, in files that any tool can read."""

    url: Annotated[
        str,
        Meta(
            description="`s3://BUCKET/PREFIX`, `gs://…`, `az://…` or a folder's whole path; empty = the folder `lake` "
            "of the data folder"
        ),
    ] = ""
    storage: Annotated[
        Secret | None,
        Meta(
            description="What opens the object store: `NAME=value` by commas, as in "
            "`AWS_REGION=eu-central-1,AWS_ACCESS_KEY_ID=…,AWS_SECRET_ACCESS_KEY=…`"
        ),
    ] = None
    flush_s: Annotated[Positive, Meta(description="Seconds after which new events are in the lake, about")] = 60
    hot_days: Annotated[
        int, Meta(ge=0, le=36_500, description="Days that events stay in PostgreSQL as well; 0 = for ever")
    ] = 90


class SqlSettings(Group, frozen=True, kw_only=True):
    """Questions by SQL, each in a process of its own."""

    timeout_s: Annotated[Positive, Meta(description="Seconds a query may take; less than a proxy in front waits")] = 50
    memory_mb: Annotated[int, Meta(ge=128, description="Memory of one query, in MB; beyond it the disk is used")] = (
        1_024
    )
    disk_mb: Annotated[Positive, Meta(description="What one query may put on the disk of the data folder, in MB")] = (
        4_096
    )
    at_once: Annotated[
        int, Meta(ge=1, le=8, description="Queries at once in a web process; it answers pages by four threads")
    ] = 2


class EngineSettings(Group, frozen=True, kw_only=True):
    """What asks the lake."""

    kind: Annotated[
        Literal["duckdb", "spark"], Meta(description="duckdb = within the process; spark = a cluster of yours")
    ] = "duckdb"
    memory_mb: Annotated[
        Positive, Meta(description="DuckDB: memory of all questions together, in each process that asks")
    ] = 1_024
    threads: Annotated[Positive, Meta(description="DuckDB: threads of a question")] = 2
    temp_mb: Annotated[
        Positive, Meta(description="DuckDB: temporary files of a question that needs more memory than it may")
    ] = 4_096
    max_running: Annotated[
        Positive, Meta(description="Questions at a time in each process; others wait for a few seconds, then 503")
    ] = 2
    timeout_s: Annotated[Positive, Meta(description="Seconds that a question may take")] = 60
    spark_url: Annotated[
        str,
        Meta(
            description="Spark: address of Spark Connect (sc://host:15002) or of a master (spark://host:7077, local[2])"
        ),
    ] = ""


class DemoSettings(Group, frozen=True, kw_only=True):
    """`onefold demo`."""

    port: Annotated[Port, Meta(description="Port of the sample shop's website; another one when it is in use")] = 8090
    people: Annotated[int, Meta(ge=0, le=1_000_000, description="People in the sample shop's history, about")] = 10_000
    sales: Annotated[
        bool, Meta(description="Whether the sample shop has a sales team, with deals, calls and tasks")
    ] = True


class LogSettings(Group, frozen=True, kw_only=True):
    """What the programs say."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least that is written")] = (
        "info"
    )
    format: Annotated[
        Literal["auto", "console", "json"], Meta(description="auto = console on a terminal, JSON otherwise")
    ] = "auto"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings; build with `load_settings`."""

    database: DatabaseSettings = DatabaseSettings()
    collector: CollectorSettings = CollectorSettings()
    processor: ProcessorSettings = ProcessorSettings()
    web: WebSettings = WebSettings()
    privacy: PrivacySettings = PrivacySettings()
    mail: MailSettings = MailSettings()
    oidc: OidcSettings = OidcSettings()
    retention: RetentionSettings = RetentionSettings()
    webhooks: WebhookSettings = WebhookSettings()
    lake: LakeSettings = LakeSettings()
    sql: SqlSettings = SqlSettings()
    engine: EngineSettings = EngineSettings()
    demo: DemoSettings = DemoSettings()
    log: LogSettings = LogSettings()


def reachable(host: str) -> str:
    """Where this machine reaches what listens on `host`, which may stand for every interface."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared, not bound


def variable_of(group: str, field: str) -> str:
    """Name of the environment variable of a setting, `ONEFOLD_<GROUP>_<FIELD>` but for two."""
    if group == "database":
        return {"url": DATABASE_URL, "data_dir": f"{PREFIX}DATA_DIR"}[field]
    return f"{PREFIX}{group}_{field}".upper()


def variables() -> dict[str, tuple[str, msgspec.structs.FieldInfo]]:
    """Every environment variable Onefold reads: name -> (group, field)."""
    return {
        variable_of(group.name, field.name): (group.name, field)
        for group in msgspec.structs.fields(Settings)
        for field in msgspec.structs.fields(group.type)
    }


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environ` (default: the process's own); an empty variable counts as absent.

    Raises SettingsRejected with one line for every fault, unknown `ONEFOLD_` variables included.
    """
    environ = os.environ if environ is None else environ
    known = variables()
    faults = [_unknown(name, known) for name in sorted(environ) if name.startswith(PREFIX) and name not in known]
    groups: dict[str, dict[str, Any]] = {}
    for name, (group, field) in known.items():
        if not (text := environ.get(name, "").strip()):
            continue
        try:
            groups.setdefault(group, {})[field.name] = _parse(name, text, field.type)
        except ValueError as fault:
            faults.append(f"{name}: {fault}.")
    if faults:
        raise SettingsRejected("\n".join(["These settings are wrong:", *(f"  {fault}" for fault in faults)]))
    database = DatabaseSettings(**groups.pop("database", {}))
    built = {group.name: group.type(**groups.get(group.name, {})) for group in msgspec.structs.fields(Settings)}
    # absolute, so that a child started elsewhere means the same folder
    built["database"] = msgspec.structs.replace(database, data_dir=database.data_dir.expanduser().absolute())
    return Settings(**built)


def use_database(url: str) -> Settings:
    """Makes `url` the database of this process and of every process it starts; the settings with it."""
    os.environ[DATABASE_URL] = url
    return load_settings()


def use_django() -> None:
    """Tells Django, in this process and those it starts, where its settings are."""
    os.environ["DJANGO_SETTINGS_MODULE"] = DJANGO_SETTINGS


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment for a child process that shall use the database of `settings`."""
    environ = dict(os.environ)
    if settings.database.url:
        environ[DATABASE_URL] = settings.database.url.reveal()
    environ[f"{PREFIX}DATA_DIR"] = str(settings.database.data_dir)
    return environ


def _parse(name: str, text: str, kind: Any) -> object:  # noqa: ANN401 an annotation; typing has no type for it
    """`text` as a value of the annotated type `kind`; ValueError says what is allowed."""
    match _bare(kind):
        case inspect.CustomType(cls=cls) if cls is Secret:
            return _secret(name, text)
        case inspect.CustomType(cls=cls) if cls is Path:
            return Path(text)
        case inspect.VarTupleType():
            return tuple(part for part in (part.strip() for part in text.split(",")) if part)
        case inspect.LiteralType(values=values) if text not in values:
            raise ValueError(f"must be one of {', '.join(map(str, values))}, is {text[:40]!r}")
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as fault:
        raise ValueError(f"must be {_rule(kind)}, is {text[:40]!r}") from fault


def _rule(kind: Any) -> str:  # noqa: ANN401 as above
    """What a number of this type may be: "a whole number from 1 to 65535"."""
    found = _bare(kind)
    least, most = getattr(found, "ge", None), getattr(found, "le", None)
    word = "a whole number" if isinstance(found, inspect.IntType) else "a number"
    if least is not None and most is not None:
        return f"{word} from {least} to {most}"
    return word if least is None else f"{word}, {least} or more"


def _bare(kind: Any) -> inspect.Type:  # noqa: ANN401 as above
    """The type behind `Annotated` and `| None`."""
    found = inspect.type_info(kind)
    if isinstance(found, inspect.Metadata):
        found = found.type
    return found.types[0] if isinstance(found, inspect.UnionType) else found


def _secret(name: str, text: str) -> Secret:
    """A secret of the right form; faults never repeat the text."""
    if name == DATABASE_URL and not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql://")
    if name.endswith("SECRET_KEY") and len(text) < 32:
        raise ValueError(f"must have at least 32 characters, has {len(text)}")
    return Secret(text)


def _unknown(name: str, known: Mapping[str, object]) -> str:
    # all begin alike, so only the rest tells how near they are
    rests = {other.removeprefix(PREFIX): other for other in known}
    near = [rests[rest] for rest in difflib.get_close_matches(name.removeprefix(PREFIX), rests, n=1, cutoff=NEAR)]
    return f"{name}: there is no such setting." + (f" Did you mean {near[0]}?" if near else "")
