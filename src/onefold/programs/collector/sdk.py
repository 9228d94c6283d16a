"""The browser library that the collector serves: analytics.js with our own beginning, and what it loads later.

The build copies it from npm (hatch_build.py). Read once, kept in memory, compressed once.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from onefold.programs.collector.answers import Answer, Header
from onefold.programs.collector.caller import Headers
from onefold.programs.collector.refusals import PathUnknown

LIBRARY: Final = "analytics.min.js"
_STATIC: Final = Path(__file__).parent / "static"
_BRIEFLY: Final = b"public, max-age=3600, stale-while-revalidate=86400"  # its address stays when its content changes
_FOR_EVER: Final = b"public, max-age=31536000, immutable"  # a hash of the content is in the name
_SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),  # any page may load it
    (b"vary", b"Accept-Encoding"),
)


class _File(NamedTuple):
    plain: bytes
    packed: bytes
    etag: bytes


def sdk_file(name: str, headers: Headers) -> Answer:
    """A file of the library: `LIBRARY`, or one of those that it loads later. Raises PathUnknown."""
    if name != LIBRARY and name not in _chunks():
        raise PathUnknown("There is no such file of the browser library.")
    file = _read(name)
    caching = _BRIEFLY if name == LIBRARY else _FOR_EVER
    about: tuple[Header, ...] = ((b"etag", file.etag), (b"cache-control", caching), *_SECURITY)
    if file.etag in headers.get(b"if-none-match", b""):
        return Answer(304, about, b"")
    about = (*about, (b"content-type", b"text/javascript; charset=utf-8"))
    if b"gzip" in headers.get(b"accept-encoding", b""):
        return Answer(200, (*about, (b"content-encoding", b"gzip")), file.packed)
    return Answer(200, about, file.plain)


@cache
def _chunks() -> frozenset[str]:
    """Names that may be asked for: a list, so that no path leads anywhere else."""
    return frozenset(path.name for path in (_STATIC / "vendor").glob("*.bundle.*.js"))


@cache
def _read(name: str) -> _File:
    if name == LIBRARY:
        parts = (_STATIC / "onefold.js", _STATIC / "vendor" / "standalone.js")
        plain = b"".join(path.read_bytes() for path in parts)
    else:
        plain = (_STATIC / "vendor" / name).read_bytes()
    etag = b'"%s"' % hashlib.sha256(plain).hexdigest()[:20].encode()
    return _File(plain, gzip.compress(plain, 9, mtime=0), etag)
