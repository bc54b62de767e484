"""The ledger's tables: calls, running totals, workers, runs and what was not run. Money is in units (`support.ledger.money`)."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, false, text

metadata = MetaData()

calls = Table(
    "ledger_calls",
    metadata,
    Column("run", String, primary_key=True),
    Column("worker", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("scenario", String, nullable=False),
    Column("area", String, nullable=False),
    Column("row", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("model", String),
    Column("operation", String, nullable=False),
    Column("tier", String, nullable=False),
    Column("money", String, nullable=False),
    Column("state", String, nullable=False),
    Column("awaited", Boolean, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("cost", BigInteger),
    Column("priced", Boolean, nullable=False, server_default=text("true")),
    Column("over_reserved", Boolean, nullable=False, server_default=false()),
    Column("uncached_input_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cache_read_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cache_write_5m_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cache_write_1h_tokens", BigInteger, nullable=False, server_default="0"),
    Column("output_tokens", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    sqlite_with_rowid=False,
)
"""One row for each call that left for a provider, numbered by its worker: so a run's rows lie together, with one index less to write.

`cost` is NULL where no price is known; `awaited` says that a waiting call may count on the row's ending; times are
microseconds since 1970.
"""

Index("ledger_calls_scenario", calls.c.run, calls.c.scenario)

# Partial on SQLite alone: to say so for PostgreSQL too would load that dialect (60 ms) in every run.
Index(
    "ledger_calls_awaited",
    calls.c.awaited,
    calls.c.money,
    calls.c.run,
    calls.c.scenario,
    sqlite_where=calls.c.awaited.is_(True),
)

totals = Table(
    "ledger_totals",
    metadata,
    Column("money", String, primary_key=True),
    Column("run", String, primary_key=True),
    Column("scenario", String, primary_key=True),
    Column("reserved", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What each cap is compared with, kept in the transaction that changes it: a run's own line has scenario '', the grand total run ''."""

workers = Table(
    "ledger_workers",
    metadata,
    Column("id", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
"""Processes that have the ledger open; a closed one takes its row away."""

runs = Table(
    "ledger_runs",
    metadata,
    Column("run", String, primary_key=True),
    Column("target", String, nullable=False),
    Column("money", String, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("interrupted", Boolean, nullable=False, server_default=false()),
    Column("cap_scenario", BigInteger),
    Column("cap_run", BigInteger),
    Column("cap_total", BigInteger),
)

not_run = Table(
    "ledger_not_run",
    metadata,
    Column("run", String, primary_key=True),
    Column("scenario", String, primary_key=True),
    Column("reason", String, nullable=False),
)
