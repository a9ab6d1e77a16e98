"""How patient a feed is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Times and bounds of a feed; the defaults suit most.

    Parameters
    ----------
    first_message_s : float
        After a subscription, a book without a message is stale and its stream begins anew: some
        venues acknowledge what they never send.
    silence_s : float
        A book without a message for so long is stale until the next one.
    trade_silence_s : float
        After so long without a trade a stream of trades begins anew; each time in vain, twice as
        late, for a market may be as quiet as that.
    lag_s : float
        A book whose messages come so much later than the fastest one is stale.
    crossed_messages, crossed_s : int, float
        A book that stays crossed for so many messages, or so long, is built anew.
    max_attempts : int or None
        Connections tried in a row before the feed gives up; None: it never does.
    backoff_first_s, backoff_longest_s : float
        Bounds of the first wait between two tries, and of every wait.
    snapshot_retry_s : float
        Bound of the first wait before a snapshot is asked for again.
    resubscribe_s : float
        A book's stream begins anew at most once in so long: a venue that fails may fail again.
    lifetime_s : float
        A connection is replaced after so long, or sooner where the venue ends it sooner.
    check_s : float
        How often clocks are looked at.
    seed : int or None
        Of the jitter; None: a new one each time.
    """

    first_message_s: float = 10.0
    silence_s: float = 60.0
    trade_silence_s: float = 120.0
    lag_s: float = 5.0
    crossed_messages: int = 3
    crossed_s: float = 1.0
    max_attempts: int | None = None
    backoff_first_s: float = 1.0
    backoff_longest_s: float = 60.0
    snapshot_retry_s: float = 0.5
    resubscribe_s: float = 1.0
    lifetime_s: float = float("inf")
    check_s: float = 0.25
    seed: int | None = None
