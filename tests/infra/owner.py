"""`python -m tests.infra.owner DATA_DIR`: starts or attaches to the embedded server, tells it in JSON, and stays."""

import json
import sys

from onefold.config import load_settings
from onefold.infra import embedded
from onefold.kernel.errors import OnefoldError


def main(data_dir: str) -> int:
    """One line on standard output; ends in order when standard input closes."""
    try:
        server = embedded.start(load_settings({"ONEFOLD_DATA_DIR": data_dir}), {"shared_buffers": "16MB"})
    except OnefoldError as fault:
        tell({"fault": type(fault).__name__, "message": str(fault)})
        return 1
    tell({"url": server.url, "is_owner": server.is_owner, "pid": server.pid, "home": str(server.home.folder)})
    sys.stdin.read()
    server.stop()
    return 0


def tell(facts: dict[str, object]) -> None:
    """One line for the test that started us."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
