"""A running `onefold demo`, and what it printed."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.scenarios.installation import COMMAND, Installation
from tests.waiting import wait_until

START_TIMEOUT_S = 90


class Demo(Installation):
    """As an Installation, but of `onefold demo`. `said` is all that it printed since the last start."""

    people = 400  # no crowd
    has_sales = False

    def start(self) -> None:
        """Returns when address and password stand there."""
        self.begin()
        wait_until(lambda: "sign in as" in self.said() or self.supervisor.poll() is not None, START_TIMEOUT_S, "demo")
        assert self.supervisor.poll() is None, self.said()
        self.url = self._find_url()
        self._api_key = self.key("secret key")

    def begin(self) -> None:
        """Starts it and returns at once."""
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [COMMAND, "demo", "--people", str(self.people)],
                env=self.environ | {"ONEFOLD_DEMO_SALES": str(self.has_sales).lower()},
                stdout=log,
                stderr=log,
            )

    def ports_are_free(self) -> bool:
        """Whether the children of a killed demo are gone."""
        return not any(answers(base) for base in (self.collector, self.web))

    def said(self) -> str:
        """What it printed."""
        return self.log.read_text("utf-8")

    def key(self, name: str) -> str:
        """A `write key` or the `secret key`, as printed."""
        found = re.search(rf"^ +{name} +(\S+)", self.said(), re.MULTILINE)
        assert found, self.said()
        return found[1]

    @property
    def shop(self) -> str:
        """Address of the sample shop's website, as printed."""
        return self.key("sample shop").rstrip("/")

    def password(self) -> str:
        """Of the user `demo`, as printed."""
        found = re.search(r"sign in as +demo, password (\S+)", self.said())
        assert found, self.said()
        return found[1]


def answers(base: str) -> bool:
    """Whether somebody listens there."""
    try:
        httpx.get(f"{base}/health", timeout=5)
    except httpx.TransportError:
        return False
    return True


def are_filled(demo: Demo) -> bool:
    """Whether there are audiences, and none is being filled."""
    return bool(demo.value("select count(*) > 0 and bool_and(state <> 'filling') from audience"))


@contextmanager
def demo_folder() -> Iterator[Demo]:
    """A demo that is not started yet; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="onefold-demo-"))
    folder.chmod(0o755)
    demo = Demo(folder, {"ONEFOLD_LOG_LEVEL": "warning"})
    try:
        yield demo
    finally:
        demo.stop()
        shutil.rmtree(folder)
