"""What is measured in which order, so that the costly set-ups are made once."""

import sys
import time
from pathlib import Path
from shutil import rmtree
from typing import Final

from benchmarks import (
    audience_lake,
    bulk,
    collect,
    crm,
    crm_bulk,
    crm_data,
    edits,
    entries,
    idle,
    kernels,
    lake,
    lists,
    live,
    pages,
    process,
    process_audiences,
    rebuild,
    scan,
)
from benchmarks.audience_rules import N_RULES
from benchmarks.figures import Measuring
from benchmarks.history import fill_events
from benchmarks.installation import database, up
from benchmarks.resources import Watermark
from benchmarks.scale import Scale
from benchmarks.traffic import fill
from onefold.infra.postgres import connect

COLLECT: Final = {f"collect_{size}{suffix}": size for size in (1, 20) for suffix in ("", "_ratio")}
PROCESS: Final = {"process", "process_ratio"}
PROCESS_AUDIENCES: Final = {"process_200", "sweep"}
ENTRIES: Final = {"entry_latency_p50", "entry_latency_p99"}
BULK: Final = {"audiences_200", "audiences_200_traits", "audiences_200_ratio"}
PREVIEW: Final = {"preview_p95"}
BACKFILL: Final = {"backfill"}
LIVE: Final = {"end_to_end_p50", "end_to_end_p99", "profile_api_p99"}
PAGES: Final = {"record_p95", "live_to_page", "first_load_kb"}
LISTS: Final = {"people_list_p95", "search_p95"}
CRM_PAGES: Final = {"crm_list_p95", "crm_search_p95", "crm_record_p95", "crm_kanban_p95", "crm_kanban_move"}
CRM: Final = CRM_PAGES | {"crm_bulk"}
FLUSHING: Final = {"process_while_flushing"}
LAKE: Final = {"lake_append", "lake_compact", "lake_bytes_per_event", "timeline_p95"}
REBUILD: Final = {"rebuild", "rebuild_memory"}
KERNELS: Final = {"funnel_kernel", "funnel_kernel_decode_ratio", "funnel_kernel_chdb_ratio"}
SCAN: Final = {"scan_ratio"}
ALONE: Final = KERNELS | SCAN | BULK | set(COLLECT)
"""What needs no profiles."""
BEFORE_EVENTS: Final = PROCESS | PROCESS_AUDIENCES | ENTRIES | FLUSHING | CRM | ALONE
"""What needs no events of the past."""
EDITS: Final = {"edit_during_import_p99"}


def measure(wanted: set[str], scale: Scale, folder: Path) -> Measuring:
    """The wanted figures and those that come with them."""
    if sizes := sorted({size for name, size in COLLECT.items() if name in wanted}):
        (folder / "collect").mkdir(mode=0o711)
        _say("collecting")
        yield from collect.figures(scale, folder / "collect", sizes)
    if wanted & KERNELS:
        (folder / "kernels").mkdir()
        _say("walking a year of events")
        yield from kernels.figures(scale, folder / "kernels")
        rmtree(folder / "kernels")
    if wanted & SCAN:
        (folder / "scan").mkdir()
        _say(f"making a lake of {scale.scan_events:,} events, then asking it")
        yield from scan.figures(scale, folder / "scan")
        rmtree(folder / "scan")
    if wanted & BULK:
        (folder / "bulk").mkdir()
        _say(f"making a lake of {scale.past_events:,} events, then asking {N_RULES} rules of it")
        yield from bulk.figures(scale, folder / "bulk")
        rmtree(folder / "bulk")
    if not wanted <= ALONE:
        (folder / "million").mkdir(mode=0o711)
        yield from _with_profiles(wanted, scale, folder / "million")


def _with_profiles(wanted: set[str], scale: Scale, folder: Path) -> Measuring:
    with database(folder / "data") as url:
        place = lake.Place(url, folder / "data")
        _say(f"making {scale.people:,} profiles")
        with connect(url, "benchmarks") as conn:
            fill(conn, scale.people)
            conn.execute("checkpoint")  # its writing shall not fall into some rounds
            conn.commit()
            with (
                connect(url, "benchmarks reader", autocommit=True) as reader,
                connect(url, "benchmarks plain", autocommit=True) as plain,
            ):
                if wanted & PROCESS:
                    _say("processing")
                    yield from process.figures(conn, reader, plain, scale)
                if wanted & FLUSHING:
                    _say("processing while the lake is flushed")
                    yield from lake.while_flushing(conn, reader, plain, scale, place)
        if wanted & (PROCESS_AUDIENCES | ENTRIES):
            yield from _with_audiences(wanted, scale, url, folder)
        if wanted & CRM:
            yield from _with_sales(wanted, scale, url, folder)
        if not wanted <= BEFORE_EVENTS:
            yield from _with_events(wanted, scale, place, folder)
    if not wanted <= BEFORE_EVENTS | LAKE | REBUILD | LISTS | PREVIEW:
        yield from _with_everything_up(wanted, scale, folder)


def _with_events(wanted: set[str], scale: Scale, place: lake.Place, folder: Path) -> Measuring:
    _say(f"making {scale.past_events:,} events")
    with connect(place.url, "benchmarks", autocommit=True) as conn:
        fill_events(conn, scale)
    _say("flushing them into the lake")
    yield from lake.fill(place, scale)
    if "timeline_p95" in wanted:
        _say("timelines from the lake")
        yield from lake.timeline_p95(place, scale)
    if wanted & REBUILD:
        _say("rebuilding everything")
        yield from rebuild.figures(place, scale, folder / "tenth")
    if wanted & LISTS:
        _say("listing people")
        with connect(place.url, "benchmarks lists", autocommit=True) as conn:
            lists.vary(conn)
            yield from lists.figures(conn, scale)
    if wanted & (PREVIEW | BACKFILL):
        _say("everybody allows what audiences are for; into the lake")
        audience_lake.allow(place, scale)
    if wanted & PREVIEW:
        _say("previews of rules")
        yield from audience_lake.previews(place, scale)


def _with_audiences(wanted: set[str], scale: Scale, url: str, folder: Path) -> Measuring:
    _say(f"{scale.audience_people:,} people in {N_RULES} audiences")
    with process_audiences.with_audiences(url, scale) as kept:
        if wanted & PROCESS_AUDIENCES:
            _say("processing with audiences and without")
            yield from process_audiences.figures(kept, url, scale)
        if wanted & ENTRIES:
            _say(f"{scale.live_rate:,} events/s for audiences")
            (folder / "kept").mkdir(mode=0o711)
            with up(folder / "kept", kept) as running:
                yield from entries.figures(scale, running)


def _with_sales(wanted: set[str], scale: Scale, url: str, folder: Path) -> Measuring:
    _say(f"{scale.companies:,} companies, {scale.deals:,} deals, {scale.activities:,} activities")
    with crm_data.with_sales(url, folder / "data", scale) as sales:
        if wanted & CRM_PAGES:
            _say("pages of the CRM")
            (folder / "sales").mkdir(mode=0o711)
            with up(folder / "sales", sales) as running:
                yield from crm.figures(scale, running, wanted)
        if "crm_bulk" in wanted:
            _say("writing deals in bulk")
            with connect(sales, "benchmarks sales", autocommit=True) as conn:
                yield from crm_bulk.figures(conn, scale)


def _with_everything_up(wanted: set[str], scale: Scale, folder: Path) -> Measuring:
    watermark = Watermark()
    with up(folder / "data") as running:
        if wanted & BACKFILL:
            _say("filling an audience")
            yield from audience_lake.backfill(scale, running)
        with watermark.watching(running.root):
            if wanted & (LIVE | {"memory", "record_p95"}):
                _say(f"{scale.live_rate:,} events/s")
                yield from live.figures(scale, running)
            if wanted & (EDITS | {"memory"}):
                _say(f"importing {scale.import_rows:,} rows")
                yield from edits.figures(scale, running)
        watermark.tell()
        yield "memory", watermark.mb
        if wanted & PAGES:
            _say("pages in a browser")
            yield from pages.figures(scale, running, wanted)
        if "idle_cpu" in wanted:
            _say("coming to rest, then idle")
            yield from idle.figures(scale, running)


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)
