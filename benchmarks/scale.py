"""How much is measured, for how long: the full run, and a small one that only shows that everything works."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Times in seconds, rates a second."""

    people: int  # profiles present before anything is measured
    past_events: int  # present when anything but `collect` and `process` is measured
    collect_rounds: int
    collect_s: float
    connections: int  # of the load on the collector
    process_rounds: int
    process_events: int  # a round
    audience_people: int  # who visit and stand in audiences, of all that are present
    previews: int
    filled_within_s: float  # an audience of everybody's events
    flushing_events: int  # as above, beside a flush: some 10 s of them
    live_rate: int  # events
    live_s: float
    api_rate: int  # requests to the REST API meanwhile
    warm_s: float  # before anything counts
    import_rows: int
    import_request: int  # rows a request
    edit_pause_s: float  # after an edit has come into force
    companies: int  # of the sales side
    deals: int
    tasks: int
    activities: int
    sales_pages: int  # asked for of each kind
    bulk_rounds: int
    record_pages: int
    clicks: int  # in the shop, with the record page open
    quiet_s: float  # longest wait for the processes to come to rest
    idle_s: float
    scan_events: int  # in the lake that `scan` asks
    scan_rounds: int


FULL: Final = Scale(
    people=1_000_000,
    past_events=20_000_000,
    collect_rounds=5,
    collect_s=5,
    connections=128,
    process_rounds=5,
    process_events=60_000,
    audience_people=50_000,
    previews=200,
    filled_within_s=1_800,
    flushing_events=150_000,
    live_rate=2_000,
    live_s=40,
    api_rate=50,
    warm_s=3,
    import_rows=1_000_000,
    import_request=2_000,
    edit_pause_s=0.1,
    companies=200_000,
    deals=300_000,
    tasks=600_000,
    activities=5_000_000,
    sales_pages=40,
    bulk_rounds=5,
    record_pages=300,
    clicks=40,
    quiet_s=300,
    idle_s=60,
    scan_events=5_000_000,
    scan_rounds=15,
)
SMALL: Final = Scale(
    people=1_000,
    past_events=20_000,
    collect_rounds=1,
    collect_s=0.5,
    connections=16,
    process_rounds=1,
    process_events=1_000,
    audience_people=1_000,
    previews=10,
    filled_within_s=60,
    flushing_events=1_000,
    live_rate=200,
    live_s=2,
    api_rate=10,
    warm_s=0.5,
    import_rows=5_000,
    import_request=1_000,
    edit_pause_s=0.02,
    companies=100,
    deals=300,
    tasks=600,
    activities=2_000,
    sales_pages=2,
    bulk_rounds=1,
    record_pages=10,
    clicks=2,
    quiet_s=0,
    idle_s=1,
    scan_events=50_000,
    scan_rounds=2,
)
TENTH: Final = replace(
    FULL,
    people=100_000,
    past_events=2_000_000,
    import_rows=100_000,
    scan_events=500_000,
    companies=20_000,
    deals=30_000,
    tasks=60_000,
    activities=500_000,
)
