"""Where the lake is: a folder, or an object store's address with what opens it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from onefold.config import Settings
from onefold.kernel.errors import Rejected

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

FOLDER: Final = "lake"
PATIENCE: Final = {"timeout": "30s", "connect_timeout": "5s", "max_retries": "5", "retry_timeout": "60s"}
"""Of each request to an object store, unless the settings say otherwise: then the run ends, and the next one tries."""
SCHEMES: Final = ("s3", "gs", "az", "abfss")


class LocationRejected(Rejected):
    """The lake can't be where the settings say."""

    code = "lake_location_rejected"


@dataclass(frozen=True)
class Location:
    """`url` is an absolute path, or `s3://bucket/prefix` and the like; without a slash at its end."""

    url: str
    options: dict[str, str] = field(default_factory=dict, repr=False)  # they hold secrets

    @property
    def is_remote(self) -> bool:
        """Whether it is an object store."""
        return "://" in self.url

    def table(self, name: str) -> str:
        """Address of a table."""
        return f"{self.url}/{name}"

    def files(self, name: str) -> "FileSystem":
        """A table's folder, through the same library and with the same rights as its Delta log."""
        from deltalake.fs import DeltaStorageHandler
        from pyarrow.fs import PyFileSystem

        return PyFileSystem(DeltaStorageHandler(self.table(name), self.options or None))


def location_of(settings: Settings) -> Location:
    """Where these settings put the lake. Raises LocationRejected."""
    url, storage = settings.lake.url.rstrip("/"), settings.lake.storage
    scheme, separator, _ = url.partition("://")
    if separator and scheme not in SCHEMES:
        raise LocationRejected(
            f"ONEFOLD_LAKE_URL begins with {scheme}://; it may begin with {', '.join(f'{one}://' for one in SCHEMES)}, "
            "or be a folder."
        )
    if url and not separator and not url.startswith("/"):
        raise LocationRejected(f"ONEFOLD_LAKE_URL is {url}; a folder must be said whole, from / on.")
    pairs = [pair.partition("=") for pair in storage.reveal().split(",")] if storage else []
    if any(not (name and equals) for name, equals, _ in pairs):
        raise LocationRejected("ONEFOLD_LAKE_STORAGE must be NAME=value pairs with commas between them.")
    given = {name.strip(): value for name, _, value in pairs}
    return Location(url or str(settings.database.data_dir / FOLDER), PATIENCE | given if separator else {})
