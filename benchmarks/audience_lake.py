"""`preview_p95`: what a rule would give, as the page on which it is built asks: of a sixteenth of all people.
`backfill`: an audience with a window of a year, from its start until everybody is in who shall be.

Both on the million people and 20 million events that the lake's figures are made with, after everybody has allowed what
audiences are for. An audience is filled on a running installation that does nothing else; its window reaches beyond all
the events, so that all of them are read.
"""

import sys
import time
from datetime import UTC, datetime
from typing import Final

from benchmarks.audience_rules import N_RULES, two_hundred
from benchmarks.audiences import PURPOSE, grant, look_at_all
from benchmarks.figures import Measuring, percentile, tell_times
from benchmarks.installation import Running, wait_until
from benchmarks.lake import Place, running
from benchmarks.scale import Scale
from onefold.audiences.actions import Wanted, create_audience, forget_metrics, start_audience, trash_audience
from onefold.audiences.api import look_at
from onefold.audiences.preview import Asked, preview
from onefold.audiences.work import Work
from onefold.config import load_settings
from onefold.infra.postgres import connect
from onefold.kernel.instants import micros_of
from onefold.lake.engine import engine_of

OFTEN: Final = {"type": "did", "event": {"name": "Product Viewed"}, "window": {"last": {"n": 365}}, "value": 7}


def allow(place: Place, scale: Scale) -> None:
    """Everybody allows PURPOSE, and the lake knows."""
    with connect(place.url, "benchmarks consent", autocommit=True) as conn:
        grant(conn, scale.people)
        look_at(conn, profiles=[h for (h,) in conn.execute("select id from profile")])
        look_at_all(conn, micros_of(datetime.now(UTC)))
    with running(place, "compact"):
        pass


def previews(place: Place, scale: Scale) -> Measuring:
    """`preview_p95`, over `scale.previews` of the two hundred rules."""
    settings = load_settings({"ONEFOLD_DATA_DIR": str(place.data_dir)})
    engine = engine_of(settings.engine, settings.database.data_dir / "tmp")
    times, found = [], 0
    with connect(place.url, "benchmarks previews", autocommit=True) as conn:
        work = Work(conn, place.url, place.location, engine)
        for rule in two_hundred()[:: N_RULES // scale.previews]:
            began = time.perf_counter()
            found += preview(work, Asked(rule=rule, purpose=PURPOSE, is_sampled=True)).count
            times.append((time.perf_counter() - began) * 1000)
    engine.close()
    if not found:
        raise RuntimeError("Nobody is in any of the previewed rules.")
    tell_times("previews", times)
    yield "preview_p95", percentile(times, 0.95)


def backfill(scale: Scale, onefold: Running) -> Measuring:
    """`backfill`; then the audience goes, so that nothing is kept for it while other things are measured."""
    with onefold.connect() as conn:
        wanted = Wanted(name="Often", purpose=PURPOSE, rule={"v": 1, "where": {"type": "all", "of": [OFTEN]}})
        number = create_audience(conn, wanted, acting_user="benchmarks")
        began = time.perf_counter()
        start_audience(conn, number, acting_user="benchmarks")
        state = "select from audience where id = %s and state = 'live'"
        wait_until(
            lambda: conn.execute(state, [number]).fetchone() is not None,
            scale.filled_within_s,
            "The audience was not filled",
        )
        yield "backfill", time.perf_counter() - began
        (members,) = conn.execute("select count(*) from membership where audience = %s", [number]).fetchone() or (0,)
        trash_audience(conn, number, acting_user="benchmarks")
        forget_metrics(conn)
        due = "select from profile_due where due_at <= now() limit 1"
        wait_until(lambda: conn.execute(due).fetchone() is None, scale.filled_within_s, "The audience was not emptied")
    if not members:
        raise RuntimeError("Nobody is in the audience that was filled.")
    print(f"  backfill: {members:,} members", file=sys.stderr)
