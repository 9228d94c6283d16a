"""Small texts (passwords, keys, ports) that are made once and kept in a file."""

import os
from contextlib import suppress
from pathlib import Path


def kept_text(path: Path, fresh: str) -> str:
    """What the file holds; `fresh` is put there, whole and with mode 0600, when there is none yet."""
    if not path.exists():
        half = path.with_suffix(f".{os.getpid()}")
        half.touch(mode=0o600)
        half.write_text(fresh, "utf-8")
        with suppress(FileExistsError):  # another process was first; a rename would overwrite its value
            os.link(half, path)
        half.unlink()
    return path.read_text("utf-8").strip()
