"""The bundled recording: three minutes of real market data."""

from __future__ import annotations

from pathlib import Path

SAMPLE = Path(__file__).parent / "samples" / "binance_futures_ethusdt_20240718.gz"


def sample() -> Path:
    """Return the path of the bundled recording.

    Returns
    -------
    Path
        Three minutes of Binance USD-M ETHUSDT, depth diffs with their REST snapshot, best bid
        and offer and trades; where it comes from and its licence stand in ``SOURCE.md`` beside
        it.

    Examples
    --------
    >>> sample().name
    'binance_futures_ethusdt_20240718.gz'
    """
    return SAMPLE
