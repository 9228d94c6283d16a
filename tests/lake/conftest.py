"""A lake beside the test's database: in a folder, or in an object store on loopback."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from onefold.lake.location import Location
from tests.waiting import wait_until

BUCKET = "onefold-test"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="session")
def object_store() -> Iterator[dict[str, str]]:
    """What opens an S3 server of this worker's own. A process apart: deltalake holds Python's lock while it waits."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = KEYS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ALLOW_HTTP": "true"}
    command = [sys.executable, "-c", _SERVER, str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: answers(port), what="The object store")
            httpx.put(f"{options['AWS_ENDPOINT_URL']}/{BUCKET}").raise_for_status()
            yield options
        finally:
            server.kill()


_SERVER = """
import os, sys, threading, time
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

def end_with_parent(parent=os.getppid()):
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)

threading.Thread(target=end_with_parent, daemon=True).start()
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=True)
"""


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=["folder", "s3"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Where the test's lake is: every test that asks runs on both."""
    if request.param == "folder":
        return Location(str(tmp_path / "lake"))
    options: Any = request.getfixturevalue("object_store")
    return Location(f"s3://{BUCKET}/{tmp_path.parent.name}-{tmp_path.name}", options)
