"""The CDNOW master file: every purchase of 23,570 customers of a record shop, 1997 and 1998; see Fader and Hardie.

It comes with the package lifetimes, which pip fetches into .cache; nothing of it is part of Onefold.
"""

import fcntl
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).parent.parent.parent / ".cache" / "cdnow"
WHEEL: Final = "Lifetimes-0.11.3-py3-none-any.whl"
WHEEL_SHA256: Final = "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8"
MEMBER: Final = "lifetimes/datasets/CDNOW_master.txt"


@dataclass(frozen=True)
class Purchase:
    """One line of the file."""

    customer: str
    on: str  # YYYY-MM-DD
    quantity: int
    dollars: Decimal


def purchases() -> list[Purchase]:
    """All lines, in order. Fetches the file at the first call."""
    with zipfile.ZipFile(_wheel()) as wheel:
        lines = wheel.read(MEMBER).decode("ascii").splitlines()
    found = []
    for line in lines[1:]:
        customer, day, quantity, dollars = line.split()
        on = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        found.append(Purchase(customer, on, int(quantity), Decimal(dollars)))
    return found


def _wheel() -> Path:
    """Fetched once; whoever is second waits."""
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / WHEEL
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            command += ["--only-binary", ":all:", "--dest", str(CACHE), "lifetimes==0.11.3"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 0, f"pip can't fetch lifetimes, which holds the data set:\n{done.stderr[-2000:]}"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found == WHEEL_SHA256, f"{path} is not the package it should be: sha256 {found}"
    return path
