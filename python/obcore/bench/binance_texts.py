"""Depth messages written as Binance USD-M futures writes them."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from obcore.instrument import Instrument

SNAPSHOT_ID = 1_801_732_831_592
SNAPSHOT_TIME_MS = 1_760_000_000_000
INTERVAL_MS = 100


def snapshot_text(
    instrument: Instrument, bids: NDArray[np.void], asks: NDArray[np.void]
) -> bytes:
    """Return a REST snapshot, of the id that `delta_texts` go on from."""

    def side(levels: NDArray[np.void]) -> str:
        pairs = (
            f'["{instrument.price_text(ticks)}","{instrument.size_text(lots)}"]'
            for ticks, lots in levels.tolist()
        )
        return ",".join(pairs)

    return (
        f'{{"lastUpdateId":{SNAPSHOT_ID},"E":{SNAPSHOT_TIME_MS + 8},"T":{SNAPSHOT_TIME_MS},'
        f'"bids":[{side(bids)}],"asks":[{side(asks)}]}}'
    ).encode()


def delta_texts(
    instrument: Instrument,
    sides: NDArray[np.uint8],
    prices: NDArray[np.int64],
    sizes: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> list[bytes]:
    """Return one ``depthUpdate`` text a message, each chained to the one before by its ids.

    Parameters
    ----------
    instrument : Instrument
        Tells the symbol, and how many decimals a price and a size have.
    sides, prices, sizes, offsets : array
        As in `Stream`; every message has its bids first.
    """
    price_text = lru_cache(maxsize=1 << 16)(instrument.price_text)
    size_text = lru_cache(maxsize=1 << 16)(instrument.size_text)
    pairs = [
        f'["{price_text(ticks)}","{size_text(lots)}"]'
        for ticks, lots in zip(prices.tolist(), sizes.tolist(), strict=True)
    ]
    asks_before = [0, *sides.cumsum(dtype="int64").tolist()]
    ends = offsets.tolist()
    texts = []
    last = SNAPSHOT_ID
    for number, (begin, end) in enumerate(pairwise(ends), 1):
        middle = end - (asks_before[end] - asks_before[begin])
        time_ms = SNAPSHOT_TIME_MS + number * INTERVAL_MS
        final = last + end - begin + 1
        text = (
            f'{{"e":"depthUpdate","E":{time_ms + 8},"T":{time_ms},"s":"{instrument.symbol}",'
            f'"U":{last + 1},"u":{final},"pu":{last},'
            f'"b":[{",".join(pairs[begin:middle])}],"a":[{",".join(pairs[middle:end])}]}}'
        )
        texts.append(text.encode())
        last = final
    return texts
