"""Where the embedded PostgreSQL lives, and as which system user it runs."""

import os
import pwd
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from onefold.infra.binaries import STATE_DIR
from onefold.infra.kept import kept_text
from onefold.infra.logs import get_logger
from onefold.infra.processes import Account
from onefold.kernel.errors import Rejected, Unavailable

# below every system's ephemeral range, so that no outgoing connection takes the port while the server is down
PORTS: Final = range(20_000, 32_000)

log = get_logger(__name__)


class DataFolderRejected(Rejected):
    """The data folder can't be used by this user."""

    code = "data_folder_rejected"


@dataclass(frozen=True, slots=True)
class Home:
    """The embedded server's folder and the files in it; `account` None = the server runs as ourselves."""

    folder: Path
    account: Account | None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.folder / "data"

    @property
    def lock(self) -> Path:
        """Held (flock) by the process that owns the server."""
        return self.folder / "lock"

    @property
    def output(self) -> Path:
        """What the server says."""
        return self.folder / "postgres.log"

    def password(self) -> str:
        """The role's password, made at the first call; readable by the owner of the folder only."""
        return kept_text(self.folder / "password", secrets.token_urlsafe(24))

    def port(self) -> int:
        """The port kept for this server, chosen at the first call."""
        return int(kept_text(self.folder / "port", str(_free_port())))

    def is_port_free(self) -> bool:
        """Whether a server could listen on the kept port now."""
        return _is_free(self.port())

    def forget_port(self) -> None:
        """The next `port()` is another one; for when somebody else has taken it."""
        (self.folder / "port").unlink(missing_ok=True)


def find_home(data_dir: Path) -> Home:
    """The home in `data_dir`, made when missing.

    As root the server runs as the owner of an existing cluster, else as postgres or nobody. Where that user can't
    reach `data_dir`, the home is below /var/lib/onefold and a pointer to it in `data_dir`; a log line says so.
    Raises DataFolderRejected.
    """
    folder = data_dir / "postgres"
    try:
        make_folder(data_dir)
        if os.geteuid() == 0:
            return _home_of_root(folder)
        make_folder(folder)
    except OSError as fault:
        raise DataFolderRejected(
            f"The data folder {data_dir} can't be used: {fault.strerror}. Set ONEFOLD_DATA_DIR to one you may write to."
        ) from fault
    home = Home(folder, None)
    if home.cluster.exists() and home.cluster.stat().st_uid != os.geteuid():
        owner = pwd.getpwuid(home.cluster.stat().st_uid).pw_name
        raise DataFolderRejected(
            f"The database in {folder} belongs to the user {owner}. "
            "Start Onefold as root or as that user, or set ONEFOLD_DATA_DIR to another folder."
        )
    return home


def _home_of_root(folder: Path) -> Home:
    pointer = folder.with_name("postgres.elsewhere")
    if pointer.exists():
        folder = Path(pointer.read_text().strip())
    account = _server_account(folder / "data")
    if not pointer.exists() and not _can_enter(folder.parent, account):
        make_folder(STATE_DIR)
        elsewhere = Path(mkdtemp(dir=STATE_DIR, prefix="data-"))
        elsewhere.chmod(0o711)
        pointer.write_text(f"{elsewhere}\n")
        log.warning("database_placed_elsewhere", wanted=str(folder), used=str(elsewhere), unreachable_for=account.name)
        folder = elsewhere
    make_folder(folder)
    return Home(folder, account)


def _server_account(cluster: Path) -> Account:
    """PostgreSQL refuses to run as root, so: the owner of what is there, else a user that has no rights."""
    candidates: list[pwd.struct_passwd] = []
    if cluster.exists() and (uid := cluster.stat().st_uid):
        candidates.append(pwd.getpwuid(uid))
    everyone = {entry.pw_name: entry for entry in pwd.getpwall()}
    candidates.extend(everyone[name] for name in ("postgres", "nobody") if name in everyone)
    if not candidates:
        raise Unavailable("PostgreSQL can't run as root and there is neither a user postgres nor a user nobody.")
    chosen = candidates[0]
    return Account(chosen.pw_name, chosen.pw_uid, chosen.pw_gid)


def _can_enter(folder: Path, account: Account) -> bool:
    """Whether mode bits let `account` through every folder down to `folder`."""
    path = folder.resolve()
    return all(_has_entry(step, account) for step in (path, *path.parents))


def _has_entry(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & 0o100)
    return bool(found.st_mode & (0o010 if found.st_gid == account.gid else 0o001))


def make_folder(folder: Path) -> None:
    """Makes a folder, unless it is there, that only we read; as root others may pass through it, to what is theirs."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _free_port() -> int:
    for port in secrets.SystemRandom().sample(PORTS, 100):
        if _is_free(port):
            return port
    raise Unavailable("No free port between 20000 and 32000 on 127.0.0.1 for the embedded PostgreSQL.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
