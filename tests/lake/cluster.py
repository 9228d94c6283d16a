"""A Spark cluster of this machine: a master and two workers, each a process, on loopback and free ports."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest
from _pytest.capture import CaptureManager

from onefold.infra.processes import spawn
from tests.waiting import wait_until

ROOT: Final = Path(__file__).parents[2]
EXECUTOR_MB: Final = 512
LEAN: Final = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=128m"
"""For a short life: compiling well would take longer than it saves. Of so little code 48 MB would be kept, too few."""
LOUD: Final = "SPARK IS NOT TESTED: no Java 17 or later is here. Debian: apt-get install openjdk-17-jre-headless"
_CONNECT: Final = "Spark Connect server started"
_MASTER: Final = re.compile(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")


def demand_java(pytestconfig: pytest.Config) -> None:
    """Skips with a message that nobody overlooks where Spark can't run."""
    if java_there():
        return
    capturing = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert isinstance(capturing, CaptureManager)
    with capturing.global_and_fixture_disabled():
        sys.stderr.write(f"\n{LOUD}\n")
    pytest.skip(LOUD)


def java_there() -> bool:
    """Whether Spark can run here: Java 17 or later."""
    if shutil.which("java") is None:
        return False
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S607 whichever is installed
    found = re.search(r'version "(\d+)', told)
    return found is not None and int(found[1]) >= 17


@contextmanager
def cluster(folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Address of the master, once both workers have come. Ends with whoever started it, however that ends."""
    with ExitStack() as running:
        master = _started(running, folder / "master.log", environ, "master.Master", "--port", "0")
        wait_until(lambda: _MASTER.search(master.read_text()), 60)
        found = _MASTER.search(master.read_text())
        assert found
        for number in (1, 2):
            place = ("--cores", "1", "--memory", f"{EXECUTOR_MB}M", "--work-dir", str(folder / f"worker-{number}"))
            _started(running, folder / f"worker-{number}.log", environ, "worker.Worker", *place, found[1])
        wait_until(lambda: master.read_text().count("Registering worker") == 2, 60)
        yield found[1]


@contextmanager
def connect_server(folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Address of a Spark Connect server that does its work itself. Ends as a cluster does."""
    with ExitStack() as running:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        options = ("--master", "local[2]", "--conf", f"spark.connect.grpc.binding.port={port}")
        server = ("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal")
        roomy = {**environ, "SPARK_DAEMON_MEMORY": "768m"}  # it does the work, too
        log = _begun(running, folder / "connect.log", roomy, "SparkSubmit", *options, *server)
        wait_until(lambda: _CONNECT in log.read_text(), 90, "Spark's Connect server")
        yield f"sc://127.0.0.1:{port}"


def environment(folder: Path) -> dict[str, str]:
    """For the driver, the processes of the cluster and the Python that they start: loopback only, little memory."""
    (folder / "spark-defaults.conf").write_text(
        "spark.driver.bindAddress 127.0.0.1\n"
        "spark.driver.host 127.0.0.1\n"
        "spark.driver.memory 512m\n"
        f"spark.executor.memory {EXECUTOR_MB}m\n"
        f"spark.driver.extraJavaOptions {LEAN}\n"
        f"spark.executor.extraJavaOptions {LEAN}\n"
        "spark.sql.shuffle.partitions 2\n"
        "spark.sql.adaptive.enabled false\n"
        "spark.sql.sources.parallelPartitionDiscovery.threshold 1000\n"
        "spark.ui.showConsoleProgress false\n"
        f"spark.local.dir {folder}\n"
        f"spark.sql.warehouse.dir {folder}/warehouse\n"
        f"spark.executorEnv.PYTHONPATH {ROOT / 'src'}\n"
    )
    (folder / "log4j2.properties").write_text(
        "rootLogger.level = info\nrootLogger.appenderRef.stderr.ref = stderr\nappender.console.type = Console\n"
        "appender.console.name = stderr\nappender.console.target = SYSTEM_ERR\n"
        "appender.console.layout.type = PatternLayout\nappender.console.layout.pattern = %d %p %c{1}: %m%n\n"
    )
    return {
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_MASTER_HOST": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "128m",
        "SPARK_DAEMON_JAVA_OPTS": LEAN,
        "SPARK_NO_DAEMONIZE": "1",
        "PYSPARK_PYTHON": sys.executable,
    }


def _started(running: ExitStack, log: Path, environ: Mapping[str, str], what: str, *arguments: str) -> Path:
    return _begun(running, log, environ, what, "--host", "127.0.0.1", "--webui-port", "0", *arguments)


def _begun(running: ExitStack, log: Path, environ: Mapping[str, str], what: str, *arguments: str) -> Path:
    import pyspark

    command = [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}"]
    output = running.enter_context(log.open("wb"))
    child = spawn([*command, *arguments], death_signal=signal.SIGKILL, environ={**os.environ, **environ}, output=output)
    running.callback(child.wait)
    running.callback(child.kill)
    return log
