"""`python -m onefold.infra.watchdog PID SIGNAL`: signals PID when whoever holds our standard input dies."""

import os
import select
import sys

POLL_S = 1.0


def main(pid: int, death_signal: int) -> None:
    """Returns when the parent or the process `pid` has ended."""
    while not select.select([sys.stdin], [], [], POLL_S)[0]:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
    try:
        os.kill(pid, death_signal)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
