"""The web program: pages and REST API on granian, one worker process with a few threads."""

from typing import Final

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from onefold.config import Settings, use_django
from onefold.infra.heartbeat import beating
from onefold.infra.logs import get_logger

THREADS: Final = 4
STOP_TIMEOUT_S: Final = 8
BACKLOG: Final = 256

# granian's own messages go the way of all others
LOGGING: Final = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": [], "propagate": True}},
}

log = get_logger(__name__)


def run(settings: Settings) -> None:
    """`onefold run web`. Returns after SIGTERM or SIGINT, when the requests under way are answered."""
    url = settings.database.address()
    use_django()
    server = Granian(
        "onefold.programs.web.wsgi:application",
        address=settings.web.host,
        port=settings.web.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        websockets=False,
        workers_kill_timeout=STOP_TIMEOUT_S,
        log_level=LogLevels.warning,
        log_dictconfig=LOGGING,
    )
    log.info("web_started", host=settings.web.host, port=settings.web.port)
    with beating(url, "web"):
        server.serve()
    log.info("web_stopped")
