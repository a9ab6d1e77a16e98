"""Some seconds of live books as a table."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import obcore
from obcore.ingest.settings import Settings
from venue_thread import local_venue

ETH = "binance-futures:ETHUSDT"


def test_a_table_has_a_row_a_state_with_the_touch_and_the_features() -> None:
    with local_venue([obcore.sample()], speed=20) as base_url:
        table = obcore.collect(ETH, 1.0, base_url=base_url, features=["mid_price", "spread"])

    assert len(table) > 50
    assert table.names == ("bid_px", "bid_sz", "ask_px", "ask_sz", "mid_price", "spread")
    assert set(table.symbols) == {ETH}
    assert np.all(np.diff(table.ts_recv_ns) >= 0)
    assert np.all(np.diff(table.sequence) > 0)
    np.testing.assert_allclose(table["mid_price"], (table["bid_px"] + table["ask_px"]) / 2)
    np.testing.assert_allclose(table["spread"], table["ask_px"] - table["bid_px"], atol=1e-9)


def test_no_more_states_are_kept_than_the_limit_and_the_newest_ones() -> None:
    with local_venue([obcore.sample()], speed=20) as base_url:
        table = obcore.collect(ETH, 0.7, base_url=base_url, limit=10)

    assert len(table) == 10
    assert table.left_out > 0
    assert table.values.shape == (10, 4)


def test_a_table_becomes_a_data_frame() -> None:
    with local_venue([obcore.sample()], speed=20) as base_url:
        frame = obcore.collect(ETH, 0.5, base_url=base_url, features="spread").to_pandas()

    assert list(frame.columns[:4]) == ["symbol", "ts_event", "ts_recv", "sequence"]
    assert frame["ts_recv"].dtype == "datetime64[ns]"


def test_a_book_that_never_comes_into_sync_is_an_error_that_names_it() -> None:
    unreachable = "http://127.0.0.1:9"

    with pytest.raises(obcore.FeedError, match=f"{ETH} EMPTY"):
        obcore.collect(ETH, 1.0, base_url=unreachable, sync_s=0.3)


def test_nothing_is_left_behind() -> None:
    with local_venue([obcore.sample()], speed=20) as base_url:
        before = set(threading.enumerate())

        obcore.collect(ETH, 0.2, base_url=base_url)

        assert set(threading.enumerate()) == before


def test_a_connection_that_gives_up_ends_the_feed_with_its_reason() -> None:
    settings = Settings(max_attempts=1, backoff_first_s=0.01)

    with pytest.raises(obcore.FeedError, match="gave up after 1 attempts"):
        obcore.collect(ETH, 1.0, base_url="http://127.0.0.1:9", settings=settings, sync_s=10)


def test_every_reader_gets_the_error_that_ended_the_feed() -> None:
    settings = Settings(max_attempts=1, backoff_first_s=0.01)

    with obcore.live(ETH, base_url="http://127.0.0.1:9", settings=settings) as feed:
        readers = feed.events(), feed.events()
        for reader in readers:
            with pytest.raises(obcore.FeedError, match="gave up after 1 attempts"):
                next(reader)
            reader.close()
