"""`onefold demo`: everything as in `onefold up`, with the history of a sample shop and a user to sign in with."""

import sys
from functools import partial
from typing import Any, Final

import psycopg
from psycopg import Connection

from onefold.config import Settings
from onefold.infra.postgres import connect
from onefold.kernel.errors import OnefoldError
from onefold.programs import supervisor
from onefold.programs.demo import storefront
from onefold.programs.demo.access import Access, ensure_access
from onefold.programs.demo.audiences import ensure_audiences, wait_until_filled
from onefold.programs.demo.calls import BACKEND, WEBSITE
from onefold.programs.demo.crowd import HUNDRED, hundred, hundreds_for
from onefold.programs.demo.history import event_count, requests
from onefold.programs.demo.leads import ensure_form
from onefold.programs.demo.sending import (
    CROWD_PATIENCE_S,
    Sender,
    first_missing,
    has_history,
    missing_hundreds,
    wait_until_read,
)
from onefold.programs.migrate import set_up_django

BAR_CHARS: Final = 24


def run(settings: Settings, people: int | None = None) -> None:
    """Runs until SIGINT or SIGTERM. The first start sends the history; a broken-off one is completed at the next.

    `people`: about so many, if not as the settings say.
    """
    wanted = settings.demo.people if people is None else people
    supervisor.up(settings, lambda running: _on_ready(running, wanted), partial(print, flush=True))


def _on_ready(settings: Settings, people: int) -> None:
    """Called in a thread: what fails here is told and leaves the rest running."""
    try:
        _prepare(settings, people)
    except (OnefoldError, psycopg.Error) as fault:
        said = str(fault) if isinstance(fault, OnefoldError) else f"The database failed ({type(fault).__name__})."
        print(f"\nonefold: the demo is not complete: {said}\nIts next start goes on from here.", file=sys.stderr)


def _prepare(settings: Settings, people: int) -> None:
    """Users, sources, keys and the whole history, as far as they are not there yet; then the address and the login, and
    behind that audiences, the sales side and the crowd."""
    url = settings.database.address()
    set_up_django(settings)
    with connect(url, "demo", autocommit=True) as conn:
        access = ensure_access(conn, settings)
        shop = storefront.start(settings, access.keys[WEBSITE], ensure_form(conn))
        try:
            _send_history(conn, settings, access)
        finally:
            print(_told(settings, access, shop), flush=True)
        ensure_audiences(conn)
        if settings.demo.sales:
            from onefold.programs.demo.sales import ensure_sales  # the CRM's objects exist only after django.setup()

            ensure_sales(conn, partial(print, flush=True))
        _send_crowd(conn, settings, access, people)


def _send_history(conn: Connection[Any], settings: Settings, access: Access) -> None:
    """What of the history is missing; returns when it is processed."""
    if has_history(conn, access.source_ids):
        return
    history = requests(access.began_at)
    missing = history[first_missing(conn, history, access.source_ids) :]
    if missing:
        print(f"Sending the history of a sample shop, {event_count(missing):,} events …", flush=True)
        Sender(settings.collector, access.keys).send(missing, _Progress(event_count(missing)))
        wait_until_read(conn)


def _send_crowd(conn: Connection[Any], settings: Settings, access: Access, people: int) -> None:
    """The many, behind: everything can be used meanwhile. Goes on where the last start broke off."""
    missing = missing_hundreds(conn, hundreds_for(people), access.source_ids)
    if not missing:
        return
    print(f"\n{len(missing) * HUNDRED:,} more people are coming in behind; use everything meanwhile.", flush=True)
    wait_until_filled(conn)  # of few people that takes seconds, of those who come in meanwhile longer
    progress = _Progress(len(missing) * HUNDRED)
    sender = Sender(settings.collector, access.keys)
    for done, number in enumerate(missing):
        requests = hundred(number, access.began_at)
        first = first_missing(conn, requests, access.source_ids) if done == 0 else 0
        sender.send(requests[first:], lambda _: None)
        progress((done + 1) * HUNDRED)
    wait_until_read(conn, CROWD_PATIENCE_S)
    print("Everybody is in.", flush=True)


class _Progress:
    """A line that fills; without a terminal, nothing."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._is_terminal = sys.stdout.isatty()

    def __call__(self, sent: int) -> None:
        if self._is_terminal:
            filled = "█" * (BAR_CHARS * sent // self._total)
            end = "\n" if sent == self._total else ""
            print(f"\r  {filled:░<{BAR_CHARS}} {sent:>6,}", end=end, flush=True)


def _told(settings: Settings, access: Access, shop: str) -> str:
    return (
        f"{supervisor.greeting(settings)}\n"
        f"  sample shop   {shop}/\n"
        f"  sign in as    {access.user}, password {access.password}\n"
        f"  write key     {access.keys[WEBSITE]} (public: Shop website)\n"
        f"  secret key    {access.keys[BACKEND]} (Shop backend: may write, ask and decide)"
    )
