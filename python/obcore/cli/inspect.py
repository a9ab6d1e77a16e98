"""``obcore inspect``."""

from __future__ import annotations

from typing import Any

from obcore.book import Book
from obcore.cli.book import book_document, book_table
from obcore.cli.console import fields, print_json, progress, quantity, stdout, utc, warn_of_torn
from obcore.cli.live_input import Seconds, received
from obcore.cli.options import (
    BaseUrl,
    Inputs,
    Json,
    Kind,
    Lot,
    Symbol,
    Tick,
    Uncross,
    open_recording,
)
from obcore.data.table import Summary

LEVELS_SHOWN = 5
GAPS_SHOWN = 10
VERDICTS = {
    "EMPTY": "no book",
    "BUFFERING": "not in sync",
    "SYNCED": "in sync",
    "UNVERIFIED": "complete by the format's word",
    "STALE": "stale",
    "GAP": "lost at a gap",
}


def inspect(
    inputs: Inputs,
    *,
    symbol: Symbol = None,
    tick: Tick = None,
    lot: Lot = None,
    kind: Kind = "auto",
    uncross: Uncross = False,
    duration: Seconds = None,
    base_url: BaseUrl = None,
    json: Json = False,
) -> None:
    """Show what recorded files hold, and whether they make a book that can be trusted."""
    inputs = received(inputs, seconds=duration, base_url=base_url, as_json=json)
    recording = open_recording(
        inputs, symbol=symbol, tick=tick, lot=lot, kind=kind, uncross=uncross
    )
    with progress(inputs, as_json=json) as on_read:
        book, summary = recording.book_and_summary(on_read=on_read)
    warn_of_torn(summary)
    if json:
        print_json(inspect_document(book, summary))
        return
    print_findings(book, summary)


def inspect_document(book: Book, summary: Summary) -> dict[str, Any]:
    """Return everything that was found, for JSON."""
    return {
        "sources": [
            {
                "name": source.name,
                "sha256": source.sha256,
                "bytes": source.size,
                "torn_bytes": source.torn_bytes,
            }
            for source in summary.sources
        ],
        "instrument": {
            "symbol": summary.symbol,
            "tick": float(summary.tick),
            "lot": float(summary.lot),
        },
        "verdict": sync_verdict(summary),
        "clock_offset": clock_offset(summary),
        "span_s": span_s(summary),
        "updates_per_s": updates_per_s(summary),
        **summary.as_dict(),
        "book": book_document(book, LEVELS_SHOWN),
    }


def print_findings(book: Book, summary: Summary) -> None:
    """Print everything that was found, as people read it."""
    counts = summary.counts
    console = stdout()
    read = sum(source.size for source in summary.sources)
    console.print(
        fields(
            [
                *[("file", source.name) for source in summary.sources],
                ("size", f"{quantity(read, 'B')}, {quantity(counts['bytes'], 'B')} unpacked"),
                ("format", _formats(counts)),
                ("instrument", _instrument(summary)),
                ("messages", f"{counts['messages']:,}: {_tally(counts['kinds'])}"),
                ("skipped kinds", _tally(counts["skipped_kinds"])),
                ("received", _span(counts["recv_clock"])),
                ("venue time", _span(counts["event_clock"])),
                ("clocks", clock_offset(summary)),
                ("update rate", _rate(summary)),
                ("sync", sync_verdict(summary)),
                ("joins", f"{counts['joins']:,} by ids"),
                ("states", f"{summary.states:,}"),
                ("gaps", _gaps(summary)),
                ("touch", _touch(counts)),
                *_oddities(counts),
            ]
        )
    )
    if book.best_bid is None and book.best_ask is None:
        return
    console.print(f"\nTop of the book at the end, {utc(book.ts_recv_ns or book.ts_event_ns)}")
    console.print(book_table(book, LEVELS_SHOWN))


def _formats(counts: dict[str, Any]) -> str:
    known = counts["messages"] > counts["kinds"]["unknown"]
    return ", ".join(dict.fromkeys(counts["formats"])) if known else "not recognised"


def sync_verdict(summary: Summary) -> str:
    """Return in words how far the book could be trusted, and why."""
    verdict = VERDICTS.get(summary.state, summary.state)
    never = "never " if not summary.is_trusted and summary.state != "EMPTY" else ""
    return f"{never}{verdict.removeprefix('not ') if never else verdict}: {summary.reason}"


def clock_offset(summary: Summary) -> str:
    """Return in words what the fastest message says of the receiver's clock.

    Receive minus venue time is the clock offset plus the way here, which takes at least no time:
    the smallest one seen bounds the offset from above.
    """
    least = summary.counts["min_latency_ns"]
    if least is None:
        return "no message has both times"
    apart = f"{abs(least) / 1e9:.6f} s"
    if least < 0:
        return f"the receiver's clock is behind the venue's by at least {apart}"
    return (
        f"the receiver's clock is ahead of the venue's by at most {apart} "
        "(the way of the fastest message included)"
    )


def span_s(summary: Summary) -> float | None:
    """Return how long the recording lasts, by the receiver's clock where there is one."""
    for name in ("recv_clock", "event_clock"):
        clock = summary.counts[name]
        if clock["first_ns"] is not None:
            return float(clock["last_ns"] - clock["first_ns"]) / 1e9
    return None


def updates_per_s(summary: Summary) -> float | None:
    """Return depth messages a second, snapshots not counted."""
    span = span_s(summary)
    kinds = summary.counts["kinds"]
    return (kinds["delta"] + kinds["topn"]) / span if span else None


def _instrument(summary: Summary) -> str:
    grid = f"tick {summary.tick}, lot {summary.lot}"
    return f"{summary.symbol or 'unnamed'}, {grid}"


def _tally(counts: dict[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count:,} {name}" for name, count in ranked if count) or "none"


def _span(clock: dict[str, Any]) -> str:
    if clock["first_ns"] is None:
        return "no times"
    backwards = clock["regressions"]
    note = f", backwards {_times(backwards)}" if backwards else ""
    return f"{utc(clock['first_ns'])} to {utc(clock['last_ns'])}{note}"


def _rate(summary: Summary) -> str:
    rate, span = updates_per_s(summary), span_s(summary)
    if rate is None or span is None:
        return "no times"
    return f"{rate:,.1f} depth updates/s over {span:,.{1 if span >= 10 else 3}f} s"


def _gaps(summary: Summary) -> str:
    count = summary.counts["gap_count"]
    lines = [describe_gap(gap) for gap in summary.gaps[:GAPS_SHOWN]]
    if count > len(lines):
        lines.append(f"… and {count - len(lines):,} more")
    return "\n".join([f"{count:,}", *lines]) if count else "none"


def describe_gap(gap: dict[str, Any]) -> str:
    """Return where a gap is and which ids are missing, or what else told it."""
    told = f"expected {gap['expected']}, received {gap['received']}"
    if gap["expected"] is None:
        told = gap["reason"]
    return f"{gap['source']} line {gap['line']}: {told}"


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count:,} times")


def _touch(counts: dict[str, Any]) -> str:
    text = f"{_times(counts['crossed'])} crossed, {_times(counts['locked'])} locked"
    removed = counts["uncrossed_levels"]
    return f"{text}, {removed:,} levels uncrossed" if removed else text


def _oddities(counts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return rows for what most recordings have none of."""
    names = {
        "grid_refinements": "finer tick or lot turned up",
        "other_symbols": "messages of other symbols",
        "ignored_depth": "depth of the other kind",
        "repeated_prices": "snapshots that told a price twice",
        "stale_snapshots": "snapshots too old to join",
        "buffer_overflows": "overflows of waiting deltas",
        "interruptions": "interruptions of the connection",
        "checksums": "checksums of the venue that were right",
    }
    return [("note", f"{counts[key]:,} {text}") for key, text in names.items() if counts[key]]
