"""One formatter for structlog and the standard library: readable on a terminal, JSON elsewhere."""

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor

from onefold.config import LogSettings

# What these say at "info" is what they do all the time.
_QUIET = ("procrastinate", "django.server", "granian.access", "httpx")
# Who uses them says in one line that the database is lost; these add a screenful.
_SILENT = ("psycopg.pool", "procrastinate.utils")


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; messages are constant `noun_verbed`, facts go into keys, never personal data."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def configure_logs(settings: LogSettings, program: str, stream: TextIO | None = None) -> None:
    """Sets up both logging systems of this process to write to `stream` (default stderr); safe to repeat."""
    stream = sys.stderr if stream is None else stream
    is_json = settings.format == "json" or (settings.format == "auto" and not stream.isatty())
    shared = _shared_steps(program)
    handler = logging.StreamHandler(stream)
    handler.addFilter(_without_foreign_stack)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_last_steps(is_json, program))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _without_foreign_stack(record: logging.LogRecord) -> bool:
    """A library's stack trace becomes the name of its fault: at `debug` it can be had whole."""
    if (
        record.exc_info
        and record.name.startswith("procrastinate")
        and not logging.getLogger().isEnabledFor(logging.DEBUG)
    ):
        message = " ".join(record.getMessage().split())
        record.msg, record.args = f"{message} ({getattr(record.exc_info[0], '__name__', '')})", ()
        record.exc_info = None
    return True


def _shared_steps(program: str) -> list[Processor]:
    def name_program(_: Any, __: str, event: EventDict) -> EventDict:  # noqa: ANN401 structlog's signature
        event["program"] = program
        return event

    return [
        structlog.contextvars.merge_contextvars,
        name_program,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _last_steps(is_json: bool, program: str) -> list[Any]:
    clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if is_json:
        return [clean, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]

    def prefix(_: Any, __: str, event: EventDict) -> EventDict:  # noqa: ANN401 structlog's signature
        del event["program"]
        event["event"] = f"{program:<9} | {event['event']}"
        return event

    return [clean, prefix, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
