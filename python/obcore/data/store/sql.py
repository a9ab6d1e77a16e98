"""A store as tables of DuckDB."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.book import ABSENT, ChangePlayer
from obcore.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from obcore.data.store.store import Store

BBO = ("bid", "bid_size", "ask", "ask_size")
VIEWS = """
create view levels as
select venue, symbol, date, time_ns, ts_event_ns, ts_recv_ns, sequence, kind, side, price * tick as price, size * lot as size,
       price as ticks, size as lots
from (
    select *, 'bid' as side, unnest(bid_price) as price, unnest(bid_size) as size from depth
    union all
    select *, 'ask' as side, unnest(ask_price) as price, unnest(ask_size) as size from depth
) join instruments using (venue, symbol);

create view gaps as
select venue, symbol, time_ns as first_ns, until_ns as last_ns, (until_ns - time_ns) / 1e9 as seconds, state, reason
from (
    select *, lead(time_ns) over (partition by venue, symbol order by time_ns, position) as until_ns
    from (
        select *, lag(state || reason) over (partition by venue, symbol order by time_ns, position) as before
        from depth
    ) where before is distinct from state || reason
) where state not in ('SYNCED', 'UNVERIFIED');

create view trades as
select venue, symbol, date, time_ns, ts_event_ns, ts_recv_ns, price * tick as price, size * lot as size,
       taker_is_buyer, is_aggregate, id, price as ticks, size as lots
from stored_trades join instruments using (venue, symbol);
"""


def ask(store: Store, query: str) -> Any:
    """Return the result of a query.

    Raises
    ------
    StoreError
        If DuckDB does not understand it.
    """
    import duckdb  # noqa: PLC0415  an extra

    try:
        return _connected(store, query).sql(query)
    except duckdb.Error as error:
        raise StoreError(str(error)) from None


def _connected(store: Store, query: str) -> Any:
    """Return a connection to DuckDB in memory with the store's tables and views."""
    import duckdb  # noqa: PLC0415  an extra
    import pyarrow as pa  # noqa: PLC0415  an extra

    connection = duckdb.connect()
    found = [store.manifest(name) for name in store.symbols]
    instruments = pa.table(
        {
            "venue": [one.venue for one in found],
            "symbol": [one.symbol for one in found],
            "tick": [float(one.tick) for one in found],
            "lot": [float(one.lot) for one in found],
        }
    )
    connection.register("instruments", instruments)
    for kind, view in (("depth", "depth"), ("trades", "stored_trades")):
        files = [str(store.root / file.path) for one in found for file in one.files(kind)]
        connection.execute(_view(view, kind, files))
    connection.execute(VIEWS)
    if "bbo" in query.lower():  # it costs a replay
        connection.register("bbo", _bbo(store))
    return connection


def _bbo(store: Store) -> Any:
    """Return the best bid and offer behind every state, which only a book can tell."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    whole = [pa.field(name, pa.int64()) for name in ("time_ns", "ts_event_ns", "sequence")]
    words = [pa.field(name, pa.string()) for name in ("venue", "symbol")]
    schema = pa.schema(words + whole + [pa.field(name, pa.float64()) for name in BBO])
    batches = [batch for name in store.symbols for batch in _bbo_batches(store, name, schema)]
    return pa.Table.from_batches(batches, schema=schema)


def _bbo_batches(store: Store, name: str, schema: Any) -> Iterator[Any]:
    import pyarrow as pa  # noqa: PLC0415  an extra

    found = store.manifest(name)
    player = ChangePlayer(store.grid(name))
    for batch in store.batches(name):
        touches = player.touches(batch)
        rows = touches[:, 0]
        whole = (batch.time_ns[rows], batch.ts_event_ns[rows], batch.sequence[rows])
        steps = (found.tick, found.lot) * 2
        yield pa.RecordBatch.from_arrays(
            [
                pa.array([found.venue] * len(rows), pa.string()),
                pa.array([found.symbol] * len(rows), pa.string()),
                *(pa.array(column, mask=column == ABSENT) for column in whole),
                *(
                    _decimal(touches[:, column], step)
                    for column, step in enumerate(steps, start=1)
                ),
            ],
            schema=schema,
        )


def _decimal(counts: NDArray[np.int64], step: str) -> Any:
    """Return whole steps as the doubles nearest to their decimals."""
    import pyarrow as pa  # noqa: PLC0415  an extra

    ratio = Fraction(step)
    values = counts * float(ratio.numerator) / float(ratio.denominator)
    return pa.array(values, mask=counts == ABSENT)


def _view(name: str, kind: str, files: list[str]) -> str:
    if not files:
        return f"create view {name} as {_nothing(kind)}"
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
    return (
        f"create view {name} as select * from "
        f"read_parquet([{listed}], hive_partitioning = true)"
    )


def _nothing(kind: str) -> str:
    columns = (
        "null::varchar as venue, null::varchar as symbol, null::date as date, "
        "null::bigint as position, null::bigint as time_ns, null::bigint as ts_event_ns, "
        "null::bigint as ts_recv_ns"
    )
    if kind == "trades":
        columns += (
            ", null::bigint as price, null::bigint as size, null::boolean as taker_is_buyer, "
            "null::boolean as is_aggregate, null::bigint as id"
        )
    else:
        columns += (
            ", null::bigint as sequence, null::varchar as kind, null::varchar as state, "
            "null::varchar as reason, null::bigint[] as bid_price, null::bigint[] as bid_size, "
            "null::bigint[] as ask_price, null::bigint[] as ask_size"
        )
    return f"select {columns} where false"
