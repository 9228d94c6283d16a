"""Spark, by Connect or as the driver of a cluster: the same queries over the same files."""

import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.functions import arrow_udf
from sqlglot import exp

from onefold.config import EngineSettings
from onefold.kernel.errors import Broken, Rejected, Unavailable
from onefold.lake.compile import Compilable, Compiled, compile_plan
from onefold.lake.engine import (
    SIDE_TABLES,
    Cancel,
    EngineBusy,
    FileGone,
    Limits,
    Result,
    SumTooLarge,
    arrow_type,
    in_types,
    result_of,
    watched,
)
from onefold.lake.engines.patterns import re2_finds
from onefold.lake.engines.walking import funnel_of, mapper_of
from onefold.lake.plans import Funnel, Plan
from onefold.lake.snapshot import File, Snapshot
from onefold.lake.sources import RE2_FINDS
from onefold.lake.tables import BUCKETS, Table

WAIT_S: Final = 5.0
REACH_S: Final = 3.0
"""How long an address may take to answer before Spark's own, far longer, patience begins."""
SESSION: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # a sum beyond 64 bits is an error, not another number
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.groupByOrdinal": "true",
    "spark.sql.orderByOrdinal": "true",
}
_FILE_GONE: Final = ("FAILED_READ_FILE", "PATH_NOT_FOUND", "FileNotFoundException")


class SparkEngine:
    """An `Engine`. One session for the process, begun at the first question."""

    def __init__(self, settings: EngineSettings, wait_s: float = WAIT_S) -> None:
        if not settings.spark_url:
            raise Rejected("Spark needs ONEFOLD_ENGINE_SPARK_URL: sc://host:15002, spark://host:7077 or local[2].")
        self._settings, self._wait_s = settings, wait_s
        self._slots: Final = threading.BoundedSemaphore(settings.max_running)
        self._starting: Final = threading.Lock()
        self._session: SparkSession | None = None

    def run(
        self, plan: Plan | Compilable, snapshot: Snapshot, *, limits: Limits | None = None, cancel: Cancel | None = None
    ) -> Result:
        """As of `Engine`."""
        compiled = compile_plan(plan, snapshot, "spark")
        started = time.monotonic()
        timeout_s = (limits and limits.timeout_s) or self._settings.timeout_s
        with self._slot(), _translated():
            session, tag = self._begun(), f"onefold-{secrets.token_hex(8)}"
            # without Connect interruptTag of a session misses the job behind toArrow (Spark 4.3); its context does not
            by_connect = self._settings.spark_url.startswith("sc://")
            add, remove, interrupt = _tagging(session if by_connect else session.sparkContext, by_connect)
            with watched(timeout_s, cancel or Cancel(), lambda: interrupt(tag)):
                add(tag)
                try:
                    table = _answer(session, plan, compiled, snapshot)
                finally:
                    remove(tag)
        return result_of(table, compiled, snapshot, time.monotonic() - started)

    def close(self) -> None:
        """Ends the session."""
        with self._starting:
            if self._session is not None:
                self._session.stop()
            self._session = None

    def _begun(self) -> SparkSession:
        with self._starting:
            if self._session is None:
                reach(self._settings.spark_url)
                self._session = _session(self._settings.spark_url)
            return self._session

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait_s):
            n = self._settings.max_running
            raise EngineBusy(f"{n} questions are running, as many as may at a time. Try again in a moment.")
        try:
            yield
        finally:
            self._slots.release()


def reach(url: str) -> None:
    """Raises Unavailable where nothing listens at a cluster's address, of several at all of them."""
    if not url.startswith(("sc://", "spark://")):
        return
    faults = []
    for host in url.partition("://")[2].split("/")[0].split(","):
        address = urlsplit(f"//{host}")
        try:
            socket.create_connection((address.hostname or "", address.port or 15002), REACH_S).close()
        except OSError as fault:
            faults.append(f"{host}: {fault}")
        else:
            return
    raise Unavailable(f"Spark can't be reached at {'; '.join(faults)}.")


def _session(url: str) -> SparkSession:
    builder = SparkSession.builder.appName("onefold")
    if url.startswith("sc://"):
        builder = builder.remote(url)
    else:
        builder = builder.master(url).config("spark.ui.enabled", "false")
    session = builder.getOrCreate()
    for key, value in SESSION.items():
        session.conf.set(key, value)
    finds = arrow_udf(re2_finds, "boolean")  # type: ignore[call-overload]  # it reads the hints, its stubs do not say so
    session.udf.register(RE2_FINDS, finds)
    return session


def _tagging(tagged: Any, by_connect: bool) -> tuple[Callable[[str], Any], ...]:  # noqa: ANN401 a session or a context
    """How a thread's jobs get a tag and lose it, and how all that have it are cancelled."""
    if by_connect:
        return tagged.addTag, tagged.removeTag, tagged.interruptTag
    return tagged.addJobTag, tagged.removeJobTag, tagged.cancelJobsWithTag


def _answer(session: SparkSession, plan: Plan | Compilable, compiled: Compiled, snapshot: Snapshot) -> pa.Table:
    with _lent(session, compiled, snapshot) as query:
        if not isinstance(plan, Funnel):
            return in_types(query.toArrow(), compiled)
        mapper = mapper_of(len(plan.steps), plan.within_s * 10**6)
        # a profile's events come into one task, in order
        in_order = query.repartition(BUCKETS, "profile_id").sortWithinPartitions("profile_id", "ts")
        tasks = in_order.mapInArrow(mapper, "step long, profiles long").toArrow()
    counts = np.zeros(len(plan.steps), np.int64)
    np.add.at(counts, tasks["step"].to_numpy() - 1, tasks["profiles"].to_numpy())
    return funnel_of(counts)


@contextmanager
def _lent(session: SparkSession, compiled: Compiled, snapshot: Snapshot) -> Iterator[DataFrame]:
    """The query over views of this run: other threads have theirs in the same session."""
    run = secrets.token_hex(8)
    views = _views(session, compiled, snapshot)
    names = {*views, *compiled.walks}

    def renamed(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and node.name in names:
            return exp.to_table(f"{node.name}_{run}").as_(node.alias or node.name)
        return node

    kept: list[DataFrame] = []
    try:
        for name, view in views.items():
            view.createOrReplaceTempView(f"{name}_{run}")
        for name, walked in compiled.walks.items():
            rows = session.sql(walked.query.transform(renamed).sql(dialect="spark"))
            in_order = rows.repartition(BUCKETS, "profile_id").sortWithinPartitions("profile_id", "ts")
            # kept, or each sequence that is asked of it would walk through all of them
            kept.append(in_order.mapInArrow(walked.finder, "profile_id long, place long").persist())
            kept[-1].createOrReplaceTempView(f"{name}_{run}")
        yield session.sql(compiled.query.transform(renamed).sql(dialect="spark"))
    finally:
        for found in kept:
            found.unpersist()
        for name in names:
            session.catalog.dropTempView(f"{name}_{run}")


def _views(session: SparkSession, compiled: Compiled, snapshot: Snapshot) -> dict[str, DataFrame]:
    """What the query reads, by name."""
    used = compiled.relations()
    views: dict[str, DataFrame] = {}
    for name, files in compiled.all_files().items():
        of_table = snapshot.tables[name]
        if f"{name}_files" in used:
            views[f"{name}_files"] = _read(session, of_table.table, files, snapshot)
        if f"{name}_hot" in used and of_table.hot is not None:
            views[f"{name}_hot"] = session.createDataFrame(_needed(of_table.hot, of_table.table, compiled))
        if f"{name}_replaced" in used and of_table.replaced is not None:
            views[f"{name}_replaced"] = session.createDataFrame(of_table.replaced)
    for relation in SIDE_TABLES & used:
        views[relation] = session.createDataFrame(getattr(snapshot, relation))
    return views | {name: session.createDataFrame(table) for name, table in compiled.given.items()}


def _read(session: SparkSession, table: Table, files: tuple[File, ...], snapshot: Snapshot) -> DataFrame:
    """Exactly these files: what lies beside them belongs to other versions. A column that a file lacks is null."""
    columns = [column for column in table.columns if column.name not in table.partitioned_by]
    schema = ", ".join(f"`{column.name}` {_sql_type(column.type)}" for column in columns)
    if not files:
        return session.createDataFrame([], schema)
    paths = [_path(file.uri, is_object=bool(snapshot.storage_options)) for file in files]
    # a recursive look-up doesn't read partitions from folders' names, which would have to be alike
    return session.read.schema(schema).option("recursiveFileLookup", "true").parquet(*paths)


def _path(uri: str, *, is_object: bool) -> str:
    """For Hadoop, which takes it for a pattern."""
    if is_object:
        uri = re.sub(r"^s3://", "s3a://", uri)
    return re.sub(r"([\\*?\[\]{}^])", r"\\\1", uri)


def _sql_type(name: str) -> str:
    return {"long": "BIGINT", "integer": "INT"}.get(name, name.upper())


def _needed(hot: pa.Table, table: Table, compiled: Compiled) -> pa.Table:
    """Of the hot tail only the columns that the query names: they travel."""
    queries = (compiled.query, *(walked.query for walked in compiled.walks.values()))
    names = {column.name for query in queries for column in query.find_all(exp.Column)}
    kinds = {column.name: arrow_type(column.type) for column in table.columns if column.name in names}
    return hot.select(list(kinds)).cast(pa.schema(kinds.items()))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (PySparkException, Py4JError) as fault:
        raise _translation(fault, str(fault)) from fault
    except (ConnectionError, EOFError) as fault:
        raise Unavailable("The connection to Spark broke. Ask again.") from fault


def _translation(fault: Any, text: str) -> Exception:  # noqa: ANN401 an error of whichever client is in use
    if "ARITHMETIC_OVERFLOW" in text or "CAST_OVERFLOW" in text:
        return SumTooLarge("A sum of whole numbers is beyond 64 bits. Ask for the property as double.")
    if any(sign in text for sign in _FILE_GONE):
        return FileGone("A file of the lake could not be read; it may have been replaced. Ask again.")
    if "UNAVAILABLE" in text:
        return Unavailable("Spark can't be reached any more. Ask again.")
    return Broken(f"Spark refuses a query of ours: {text[:1000]}")
