"""Node.js packages for tests, as package-lock.json pins them; fetched once by npm into node_modules."""

import fcntl
import hashlib
from pathlib import Path

from hatch_build import install, node

__all__ = ["node", "node_modules"]

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "node_modules"


def node_modules() -> Path:
    """The folder with what package-lock.json names. The first call fetches it; workers wait for each other."""
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    mark = MODULES / ".of-lock"
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            install(ROOT)
            mark.write_text(wanted)
    return MODULES
