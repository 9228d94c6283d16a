"""The command `onefold`. Everything heavy is imported by the command that needs it."""

import argparse
import getpass
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from onefold.config import load_settings
from onefold.kernel.errors import OnefoldError, Rejected

if TYPE_CHECKING:
    from onefold.config import Settings

DATABASE_TIMEOUT_S = 30.0  # a process may start while the database starts again
PROCESSES = ("collector", "processor", "worker", "web")
LAKE_NICENESS = 10  # live events come first


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code: 0 well, 1 findings or differences, 2 the caller must change something."""
    options = make_parser().parse_args(arguments)
    try:
        settings = load_settings()
        _set_up_logs(settings, getattr(options, "process", options.command))
        return int(options.action(settings, options) or 0)
    except OnefoldError as fault:
        print(f"onefold: {fault}", file=sys.stderr)
        return 2 if isinstance(fault, Rejected) else 1
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # the last line of defence: a person reads this, so no stack unless asked for
        return _tell_defect(fault)


def make_parser() -> argparse.ArgumentParser:
    """The whole grammar of the command."""
    parser = argparse.ArgumentParser(prog="onefold", description="Every customer, one record.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version of Onefold and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text, action in (
        ("up", "start everything: PostgreSQL (unless DATABASE_URL is set), all processes, and restart what dies", _up),
        ("migrate", "bring the database to this version's tables", _migrate),
        ("doctor", "look for what is wrong and say it in plain words; exit code 1 when there is something", _doctor),
    ):
        commands.add_parser(name, help=text, description=text).set_defaults(action=action)
    text = "as up, with a sample shop's website, its history and a user to sign in with"
    demo = commands.add_parser("demo", help=text, description=text)
    demo.add_argument("--people", type=int, metavar="N", help="people in the shop's history, about (10,000)")
    demo.set_defaults(action=_demo)
    run = commands.add_parser("run", help="start one process", description="Start one process.")
    run.add_argument("process", choices=PROCESSES)
    run.set_defaults(action=_run)
    user = commands.add_parser("createuser", help="make a user who can sign in")
    user.add_argument("name")
    user.add_argument("--admin", action="store_true", help="may manage sources, keys and identity")
    user.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    user.set_defaults(action=_createuser)
    rebuild = commands.add_parser("rebuild", help="compute all profiles afresh from the accepted events")
    rebuild.add_argument("--check", action="store_true", help="change nothing; print where the live state differs")
    rebuild.set_defaults(action=_rebuild)
    _add_lake(commands)
    _add_audiences(commands)
    _add_backup(commands)
    return parser


class _Version(argparse.Action):
    """Prints the version when asked for it only: the packages' metadata takes time to read."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"onefold {version('onefold')}")
        parser.exit()


def _add_lake(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lake = commands.add_parser("lake", help="the lake: every event for ever, in files that any tool can read")
    actions = lake.add_subparsers(dest="what", required=True, metavar="ACTION")
    for name, text in (
        ("status", "sizes, files, how far it is, promoted columns"),
        ("flush", "bring it up to the newest event; the worker does so every minute"),
        ("thaw", "fetch older events that a retraction or an erasure waits for; the worker does so within seconds"),
        ("verify", "compare it with PostgreSQL and the profiles by counts and hashes; exit code 1 when they differ"),
        (
            "begin-anew",
            "forget a damaged lake, and fill another one out of PostgreSQL, which must have every event",
        ),
    ):
        actions.add_parser(name, help=text, description=text)
    compact = actions.add_parser("compact", help="make many small files few sorted ones; the worker does so every hour")
    compact.add_argument("--all", action="store_true", help="one file a month and bucket, whatever it costs")
    export = actions.add_parser("export", help="write all of it, put right, as plain Parquet files")
    export.add_argument("folder", type=Path, help="a new or empty folder; it will hold personal data")
    promote = actions.add_parser(
        "promote", help="give a property of events a column of its own; the worker rewrites files"
    )
    promote.add_argument("name", help="as events have it")
    promote.add_argument("--type", choices=("string", "double", "boolean"), help="else what it mostly is")
    demote = actions.add_parser("demote", help="take a property's column back, and never promote it by itself again")
    demote.add_argument("name")
    lake.add_argument("--quiet", action="store_true", help="print nothing but errors; as the worker runs it")
    lake.set_defaults(action=_lake)


def _add_audiences(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audiences = commands.add_parser("audiences", help="groups of people by a rule")
    actions = audiences.add_subparsers(dest="what", required=True, metavar="ACTION")
    text = "make those live that were started or changed; the worker does so at once"
    fill = actions.add_parser("fill", help=text, description=text)
    staying = "wait so long for more when all are live"
    fill.add_argument("--stay", type=float, default=0, metavar="SECONDS", help=staying)
    audiences.add_argument("--quiet", action="store_true", help="print nothing but errors; as the worker runs it")
    audiences.set_defaults(action=_audiences)


def _add_backup(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = commands.add_parser("backup", help="write the whole installation into one file, while it runs")
    backup.add_argument("file", type=Path, help="a new file; it will hold personal data and keys")
    backup.add_argument("--without-lake", action="store_true", help="leave out the lake, which is copied otherwise")
    backup.set_defaults(action=_backup)
    restore = commands.add_parser("restore", help="make the database what a backup holds, all or nothing")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true", help="lose what the database holds now")
    restore.set_defaults(action=_restore)


def _up(settings: "Settings", _: argparse.Namespace) -> None:
    from onefold.programs import supervisor

    say = partial(print, flush=True)
    supervisor.up(settings, lambda running: say(supervisor.greeting(running)), say)


def _demo(settings: "Settings", options: argparse.Namespace) -> None:
    from onefold.programs import demo

    demo.run(settings, options.people)


def _run(settings: "Settings", options: argparse.Namespace) -> None:
    from onefold.infra.embedded import database
    from onefold.infra.postgres import reconnecting
    from onefold.programs.migrate import demand_tables

    with database(settings) as running:
        reconnecting(lambda: demand_tables(running), timeout_s=DATABASE_TIMEOUT_S)
        match options.process:
            case "collector":
                from onefold.programs.collector.main import run
            case "processor":
                from onefold.programs.processor.main import run
            case "worker":
                from onefold.programs.worker import run
            case _:
                from onefold.programs.web.main import run
        run(running)


def _migrate(settings: "Settings", _: argparse.Namespace) -> None:
    from onefold.infra.embedded import database
    from onefold.programs.migrate import migrate

    with database(settings) as running:
        applied = migrate(running)
    print(f"{len(applied)} migrations applied." if applied else "Nothing to do: all migrations are applied.")


def _createuser(settings: "Settings", options: argparse.Namespace) -> None:
    from onefold.infra.embedded import database
    from onefold.programs.migrate import demand_tables, set_up_django

    with database(settings) as running:
        demand_tables(running)
        set_up_django(running)
        from onefold.accounts.api import create_user

        create_user(options.name, _password(options), is_admin=options.admin)
    print(f"{options.name} can sign in at http://{settings.web.host}:{settings.web.port}/")


def _password(options: argparse.Namespace) -> str:
    if options.password_stdin or not sys.stdin.isatty():
        if not (line := sys.stdin.readline().rstrip("\n")):
            raise Rejected(
                "No password was given: standard input is empty. Run this in a terminal, which asks for it, or pipe "
                "it in: `onefold createuser NAME --password-stdin < FILE`. Nothing was changed."
            )
        return line
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise Rejected("The two passwords differ. Nothing was changed.")
    return first


def _rebuild(settings: "Settings", options: argparse.Namespace) -> int:
    from onefold.infra.embedded import database
    from onefold.programs.migrate import demand_tables
    from onefold.programs.processor.rebuild import main as rebuild

    with database(settings) as running:
        demand_tables(running)
        return rebuild(running, check=options.check)


def _lake(settings: "Settings", options: argparse.Namespace) -> int:
    from onefold.infra.embedded import database
    from onefold.programs.lake import main as lake
    from onefold.programs.migrate import demand_tables

    with database(settings) as running:
        demand_tables(running)
        with suppress(OSError):  # some systems forbid it
            os.nice(LAKE_NICENESS)  # after the database's start: it stays as it is
        return lake(running, options)


def _audiences(settings: "Settings", options: argparse.Namespace) -> int:
    from onefold.infra.embedded import database
    from onefold.programs.audience_keeping import main as audiences
    from onefold.programs.migrate import demand_tables

    with database(settings) as running:
        demand_tables(running)
        with suppress(OSError):  # some systems forbid it
            os.nice(LAKE_NICENESS)
        return audiences(running, quiet=options.quiet, stay_s=options.stay)


def _backup(settings: "Settings", options: argparse.Namespace) -> None:
    from onefold.infra.embedded import database
    from onefold.lake.location import location_of
    from onefold.programs.backup import back_up
    from onefold.programs.migrate import demand_tables

    with database(settings) as running:
        demand_tables(running)
        manifest = back_up(running, options.file, with_lake=not options.without_lake)
        lake = location_of(running)
    print(
        f"{options.file}: {manifest.dump_bytes:,} bytes of database, {manifest.lake_files:,} files of the lake. "
        "It holds personal data and keys: keep it safe."
    )
    if lake.is_remote or options.without_lake:
        print(f"The lake is not in it: {lake.url}. Keep its old files as long as your backups.")


def _restore(settings: "Settings", options: argparse.Namespace) -> None:
    from onefold.infra.embedded import database
    from onefold.programs.backup import restore

    with database(settings) as running:
        manifest = restore(running, options.file, is_replacing=options.replace)
    print(f"Restored what Onefold {manifest.onefold} held at {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    if not manifest.has_lake:
        print("The lake goes back to what that database knows of it when the worker runs.")
    print("`onefold lake verify` compares the lake with the database.")


def _doctor(settings: "Settings", _: argparse.Namespace) -> int:
    from onefold.programs.doctor import examine

    faults = 0
    for finding in examine(settings):
        faults += finding.is_fault
        print(f"{'WRONG' if finding.is_fault else 'ok   '} {finding.text}", flush=True)
    print(f"{faults} found wrong." if faults else "All is well.")
    return 1 if faults else 0


def _set_up_logs(settings: "Settings", program: str) -> None:
    from onefold.infra.logs import configure_logs

    configure_logs(settings.log, program)


def _tell_defect(fault: Exception) -> int:
    last = traceback.extract_tb(fault.__traceback__)[-1]
    print(f"onefold: a defect of Onefold: {type(fault).__name__} in {last.filename}:{last.lineno}.", file=sys.stderr)
    try:
        is_wanted = load_settings().log.level == "debug"
    except OnefoldError:
        is_wanted = False
    if is_wanted:
        traceback.print_exception(fault)
    else:
        print("ONEFOLD_LOG_LEVEL=debug shows more. Please report it.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
