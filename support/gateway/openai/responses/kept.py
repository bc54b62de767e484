"""What Responses have no object for, kept by the gateway itself: assistants, and runs with the responses they are made of.

The provider has neither (provider-facts 4.5). Everything belongs to an account; what another one kept is not seen.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from support.gateway.assistants import Described
from support.gateway.capabilities import Order
from support.gateway.endpoint import Endpoint
from support.gateway.markers import random_token
from support.values import RunStatus, Tool, ToolChoice, ToolOutput, Usage, Value

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from support.gateway.openai.responses.database import Database

V = TypeVar("V", bound=Value)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ID_CHARACTERS = 24


class Description(Value):
    """What is said of an assistant."""

    model: str
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: tuple[Tool, ...] = ()
    metadata: Mapping[str, str] = {}
    temperature: float | None = None


class KeptAssistant(Value):
    """An assistant as it is kept."""

    id: str
    created_at: datetime
    marker: str
    said: Description


class Frozen(Value):
    """What a run was ordered with; a later change of its assistant does not reach it."""

    model: str
    instructions: str | None
    tools: tuple[Tool, ...]
    tool_choice: ToolChoice
    parallel_calls: bool
    output_limit: int
    temperature: float | None = None


class KeptResponse(Value):
    """One response of a run."""

    id: str | None
    """None where it was made and its id never came."""
    after: str | None = None
    """Without an id: the item of the conversation that it answered; None: the conversation began with its answer."""
    outputs: tuple[ToolOutput, ...] = ()
    """Of the calls before, which it was made with."""
    wrote: tuple[str, ...] | None = None
    """Ids of its output; None while nobody has seen its end."""
    usage: Usage | None = None
    containers: tuple[str, ...] = ()
    """Those that were made for it."""


class KeptRun(Value):
    """A run as it is kept."""

    id: str
    thread_id: str
    assistant_id: str
    created_at: datetime
    expires_at: datetime
    order: Frozen
    responses: tuple[KeptResponse, ...]
    """In their order; the last one says how the run is."""
    waits: bool = False
    """Whether it was last seen to wait for outputs."""
    ended: RunStatus | None = None
    """How it ended, once somebody has seen that, or has ended it."""

    @property
    def last(self) -> KeptResponse:
        return self.responses[-1]

    def with_response(self, number: int, **changes: Any) -> "KeptRun":
        """With more known of one of its responses."""
        responses = list(self.responses)
        responses[number] = responses[number].model_copy(update=changes)
        return self.model_copy(update={"responses": tuple(responses)})


def account_of(endpoint: Endpoint) -> str:
    """Whose things they are: a digest, because keys are written nowhere."""
    return hashlib.sha256(f"{endpoint.base_url.rstrip('/')}\n{endpoint.key}".encode()).hexdigest()


def new_id(prefix: str) -> str:
    """An id of the gateway's own, in the older API's shape."""
    return f"{prefix}_{random_token(_ID_CHARACTERS)}"


class KeptStore:
    """One account's assistants and runs. The database is opened when something is first asked of it."""

    def __init__(self, place: str | None, account: str) -> None:
        self._place = place
        self._account = account

    @property
    def _database(self) -> "Database":
        from support.gateway.openai.responses.database import opened  # SQLAlchemy is loaded by those who need it

        return opened(self._place)

    # Assistants ------------------------------------------------------------------------------------------------------

    def add_assistant(self, made: KeptAssistant) -> None:
        from sqlalchemy import insert

        from support.gateway.openai.responses.database import assistants

        row = {
            "id": made.id,
            "account": self._account,
            "created_at": micros(made.created_at),
            "marker": made.marker,
            "description": made.said.model_dump_json(),
        }
        with self._database.transaction() as connection:
            connection.execute(insert(assistants).values(row))

    def assistant(self, assistant_id: str) -> KeptAssistant | None:
        with self._database.transaction() as connection:
            return self._assistant(connection, assistant_id)

    def _assistant(self, connection: "Connection", assistant_id: str) -> KeptAssistant | None:
        from sqlalchemy import select

        from support.gateway.openai.responses.database import assistants as table

        mine = table.c.account == self._account
        row = connection.execute(select(table).where(mine, table.c.id == assistant_id)).one_or_none()
        return None if row is None else self._read_assistant(row)

    def assistants(self, limit: int, after: str | None, order: Order) -> tuple[list[KeptAssistant], bool] | None:
        """A page, and whether there are more; None where there is no such cursor. Equal times keep the order of creation."""
        from sqlalchemy import select, tuple_

        from support.gateway.openai.responses.database import assistants as table

        place = tuple_(table.c.created_at, table.c.number)
        wanted = select(table).where(table.c.account == self._account)
        ascending = order == "asc"
        with self._database.transaction() as connection:
            if after is not None:
                found = connection.execute(wanted.where(table.c.id == after)).one_or_none()
                if found is None:
                    return None
                at = tuple_(found.created_at, found.number)
                wanted = wanted.where(place > at if ascending else place < at)
            columns = (table.c.created_at, table.c.number)
            wanted = wanted.order_by(*(column.asc() if ascending else column.desc() for column in columns))
            rows = connection.execute(wanted.limit(limit + 1)).all()
        return [self._read_assistant(row) for row in rows[:limit]], len(rows) > limit

    def change_assistant(self, assistant_id: str, described: Described) -> KeptAssistant | None:
        """Changes what is described, and nothing else; answers the assistant as it is then, or None where there is none."""
        from sqlalchemy import update

        from support.gateway.openai.responses.database import assistants as table

        with self._database.transaction() as connection:
            known = self._assistant(connection, assistant_id)
            if known is None:
                return None
            changed = known.model_copy(update={"said": changed_by(known.said, described)})
            mine = (table.c.account == self._account, table.c.id == assistant_id)
            connection.execute(update(table).where(*mine).values(description=changed.said.model_dump_json()))
            return changed

    def remove_assistant(self, assistant_id: str) -> bool:
        """Whether there was one."""
        from sqlalchemy import delete

        from support.gateway.openai.responses.database import assistants as table

        with self._database.transaction() as connection:
            gone = delete(table).where(table.c.account == self._account, table.c.id == assistant_id)
            return connection.execute(gone).rowcount > 0

    def _read_assistant(self, row: "Row[Any]") -> KeptAssistant:
        said = self._read(Description, row.description)
        return KeptAssistant(id=row.id, created_at=moment(row.created_at), marker=row.marker, said=said)

    # Runs ------------------------------------------------------------------------------------------------------------

    def add_run(self, run: KeptRun) -> None:
        from sqlalchemy import insert

        from support.gateway.openai.responses.database import runs

        row = {
            "id": run.id,
            "account": self._account,
            "thread_id": run.thread_id,
            "assistant_id": run.assistant_id,
            "created_at": micros(run.created_at),
            "expires_at": micros(run.expires_at),
            "record": run.model_dump_json(),
        }
        with self._database.transaction() as connection:
            connection.execute(insert(runs).values(row))

    def run(self, thread_id: str, run_id: str) -> KeptRun | None:
        return next((run for run in self.runs_of(thread_id) if run.id == run_id), None)

    def runs_of(self, thread_id: str) -> list[KeptRun]:
        """All runs of a thread, oldest first."""
        from sqlalchemy import select

        from support.gateway.openai.responses.database import runs as table

        mine = (table.c.account == self._account, table.c.thread_id == thread_id)
        with self._database.transaction() as connection:
            rows = connection.execute(select(table.c.record).where(*mine).order_by(table.c.number)).all()
        return [self._read(KeptRun, row.record) for row in rows]

    def change_run(self, run_id: str, change: Callable[[KeptRun], KeptRun]) -> KeptRun | None:
        """Changes the record of a run as it is now, which another process may have changed; None where it is forgotten."""
        from sqlalchemy import select, update

        from support.gateway.openai.responses.database import runs as table

        mine = (table.c.account == self._account, table.c.id == run_id)
        with self._database.transaction() as connection:
            found = connection.execute(select(table.c.record).where(*mine)).scalar_one_or_none()
            if found is None:
                return None
            changed = change(self._read(KeptRun, found))
            connection.execute(update(table).where(*mine).values(record=changed.model_dump_json()))
            return changed

    def forget_thread(self, thread_id: str) -> None:
        """Its runs are gone with it."""
        from sqlalchemy import delete

        from support.gateway.openai.responses.database import runs as table

        with self._database.transaction() as connection:
            connection.execute(delete(table).where(table.c.account == self._account, table.c.thread_id == thread_id))

    def forget_response(self, response_id: str) -> None:
        """A run whose last response is gone can be read no more."""
        from sqlalchemy import delete, select

        from support.gateway.openai.responses.database import runs as table

        mine = table.c.account == self._account
        with self._database.transaction() as connection:
            rows = connection.execute(select(table.c.record).where(mine, table.c.record.contains(response_id))).all()
            ids = [run.id for row in rows if (run := self._read(KeptRun, row.record)).last.id == response_id]
            connection.execute(delete(table).where(mine, table.c.id.in_(ids)))

    def _read(self, kind: type[V], text: str) -> V:
        try:
            return kind.model_validate_json(text)
        except ValidationError as error:
            from support.gateway.openai.responses.database import KeptUnavailable

            raise KeptUnavailable(
                f"The store of assistants at {self._database.place} holds a record that this version cannot read: use the "
                "version that wrote it, or name another place."
            ) from error


def changed_by(said: Description, described: Described) -> Description:
    """What is said of an assistant after an update: what is given stands in the place of what was."""
    given = {name: value for name in Description.model_fields if (value := getattr(described, name)) is not None}
    return said.model_copy(update=given)


def containers_of(runs: Sequence[KeptRun]) -> frozenset[str]:
    """All containers that were made for these runs."""
    return frozenset(id_ for run in runs for response in run.responses for id_ in response.containers)


def micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _MICROSECOND
