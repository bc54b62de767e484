"""The journal's tables: runs with their leases, the accounts their scenarios used, and the resources made there."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table

metadata = MetaData()

_Whole = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both; SQLite numbers rows itself only for a column that is called INTEGER."""

runs = Table(
    "journal_runs",
    metadata,
    Column("id", _Whole, primary_key=True, autoincrement=True),
    Column("run", String, nullable=False),
    Column("worker", String, nullable=False),
    Column("target", String, nullable=False),
    Column("facts", String, nullable=False),
    Column("host", String, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", _Whole, nullable=False),
    Column("lease_until", _Whole, nullable=False),
    Column("ended_at", _Whole),
)
"""One row for each process of a run. `facts` is JSON, how to reach the target again; times are microseconds since 1970."""

Index("journal_runs_of_run", runs.c.run)

scopes = Table(
    "journal_scopes",
    metadata,
    Column("id", _Whole, primary_key=True, autoincrement=True),
    Column("process", _Whole, ForeignKey(runs.c.id), nullable=False),
    Column("scenario", String, nullable=False),
    Column("tenant", String, nullable=False),
    Column("opened_at", _Whole, nullable=False),
    Column("closed_at", _Whole),
)
"""One scenario at one account: a tenant of the simulator by its id, a live account by a name; never a key."""

Index("journal_scopes_of_process", scopes.c.process)

resources = Table(
    "journal_resources",
    metadata,
    Column("id", _Whole, primary_key=True, autoincrement=True),
    Column("scope", _Whole, ForeignKey(scopes.c.id), nullable=False),
    Column("provider", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("marker", String, nullable=False),
    Column("remote_id", String),
    Column("state", String, nullable=False),
    Column("created_at", _Whole, nullable=False),
    Column("updated_at", _Whole, nullable=False),
)
"""One row for each resource that was about to be made; states: `support.journal.records.State`."""

Index("journal_resources_of_scope", resources.c.scope, resources.c.remote_id)
