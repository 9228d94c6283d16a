"""The application object that a WSGI server calls, in its worker process."""

import gc
import logging
import multiprocessing
import os
import sys
import threading
import time
from types import ModuleType
from typing import Final

from django.core.signals import setting_changed
from django.core.wsgi import get_wsgi_application

from onefold.config import load_settings
from onefold.infra.logs import configure_logs
from onefold.infra.pool import open_pool
from onefold.programs.migrate import set_up_django

POOL_SIZE: Final = 4
LOOK_EVERY_S: Final = 0.5


def leave_out_test_tools() -> None:
    """ninja asks Django's package for tests for one signal, which would load its client, unittest and more: 5 MB."""
    tests, signals = ModuleType("django.test"), ModuleType("django.test.signals")
    tests.__path__ = []
    signals.setting_changed = setting_changed  # type: ignore[attr-defined]  # the very object that it has there
    sys.modules |= {"django.test": tests, "django.test.signals": signals}


def build_schemas_when_asked() -> None:
    """Most of the API's hundred schemas are never asked for in a process: 1 MB."""
    from ninja import Schema

    Schema.model_config["defer_build"] = True


def leave_out_job_tables() -> None:
    """Procrastinate's app is there for its tables; pages ask for jobs by SQL (`infra.waking`): 2 MB."""
    from onefold.programs.web import settings as of_django

    of_django.INSTALLED_APPS.remove("procrastinate.contrib.django")


def end_with_parent(parent: int) -> None:
    """Ends this process soon after `parent` was killed: an orphan would keep the port."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_EVERY_S)
        os._exit(1)

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()


leave_out_test_tools()
build_schemas_when_asked()
leave_out_job_tables()
settings = load_settings()
configure_logs(settings.log, "web")
# it logs the paths of what fails, and paths hold e-mail addresses; faults.py says what is to be known
logging.getLogger("django.request").setLevel(logging.CRITICAL)
logging.getLogger("axes").setLevel(logging.CRITICAL)  # it would log names and addresses; both are in its table
set_up_django(settings)
if settings.database.url is not None:
    open_pool(settings.database.url.reveal(), "web", max_size=POOL_SIZE)
application = get_wsgi_application()
if (parent := multiprocessing.parent_process()) and parent.pid:
    end_with_parent(parent.pid)  # not getppid(): it may have been killed while this was imported
# a full collection walks all of Django, some 50 ms: what is here now is never garbage
gc.collect()
gc.freeze()
