"""`make bench`: prints one line a figure. `python -m benchmarks [--small | --tenth] [--folder PATH] [NAME …]`."""

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.figures import FIGURES, line_of
from benchmarks.installation import folder
from benchmarks.machine import description
from benchmarks.measuring import measure
from benchmarks.scale import FULL, SMALL, TENTH
from onefold.config import LogSettings
from onefold.infra.logs import configure_logs


def main() -> None:
    """Figures on standard output, a line about each step on standard error."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped and removed
    arguments = _arguments()
    wanted = set(arguments.names or FIGURES)
    if unknown := sorted(wanted - set(FIGURES)):
        raise SystemExit(f"There is no figure {', '.join(unknown)}. There are: {', '.join(FIGURES)}.")
    configure_logs(LogSettings(level="warning"), "benchmarks")
    with folder(arguments.folder) as made:
        for line in description(made):
            print(f"# {line}", flush=True)
        for name, value in measure(wanted, arguments.scale, made):
            if name in wanted:
                print(line_of(name, value), flush=True)
                if FIGURES[name].is_missed(value) and arguments.scale is FULL:
                    print(f"# {name} must be {FIGURES[name].must:g} {FIGURES[name].unit}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures Onefold on this machine.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"all of them when none is named: {', '.join(FIGURES)}"
    )
    scales = parser.add_mutually_exclusive_group()
    scales.add_argument(
        "--small", dest="scale", action="store_const", const=SMALL, help="in a minute or two: shows that it works"
    )
    scales.add_argument("--tenth", dest="scale", action="store_const", const=TENTH, help="with a tenth of the data")
    parser.add_argument("--folder", type=Path, help="where the data lie meanwhile: a disk to be measured")
    parser.set_defaults(scale=FULL)
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
