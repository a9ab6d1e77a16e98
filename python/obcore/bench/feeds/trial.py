"""One run of one entrant: a fresh server, a fresh client, phases, and the question at the end."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from obcore.bench.contest import Role, UnfitError
from obcore.bench.feeds.course import WARM_UP, Target, Touch
from obcore.bench.feeds.process import Child

if TYPE_CHECKING:
    from obcore.bench.feeds.course import Course
    from obcore.bench.feeds.entrant import Entrant

START_S = 60.0  # importing, connecting and subscribing
SYNC_S = 60.0
ANSWER_S = 10.0  # from the last message until the last book shows it
_STILL_S = 1.0
_STUCK_S = 8.0  # without a single message taken
_POLL_S = 0.02
_PLAY_S = 600.0
_FIRST_VOLLEY, _LARGEST_VOLLEY = 2_000, 50_000  # messages
_VOLLEY_S = 1.0


class WrongAnswerError(Exception):
    """An entrant did not take every message, or its books are not the venue's."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What a phase cost: differences of two marks."""

    messages: int
    cpu_s: float
    wall_s: float
    rss_bytes: int

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU a message."""
        return self.cpu_s / self.messages * 1e6


@dataclass(frozen=True, slots=True)
class Costs:
    """One run without stamps: at a fixed rate, and as fast as it reads."""

    version: str
    paced: Phase
    blast: Phase
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Latencies:
    """One run with stamps: percentiles 50, 99, 99.9 and 100 in microseconds."""

    version: str
    messages: int
    us: tuple[float, ...]


@dataclass(slots=True)
class Run:
    """An entrant that has subscribed and is in sync, and the server it listens to."""

    server: Child
    client: Child
    entrant: Entrant
    version: str
    rss_bytes: int  # before it connected
    sent: int = 0

    def pace(self, messages: int) -> Phase:
        """Play so many records at their times; returns what the client spent on them."""
        before = self.client.ask({"do": "mark"})
        sent = self.server.ask({"do": "pace", "messages": messages}, timeout_s=_PLAY_S)["sent"]
        return self._phase(before, sent, began=before["wall"])

    def blast(self, seconds: float) -> Phase:
        """Play in volleys of which each is there before it is read, for so long."""
        end, size = time.monotonic() + seconds, _FIRST_VOLLEY
        volleys = []
        while time.monotonic() < end:
            before = self.client.ask({"do": "mark"})
            command = {"do": "volley", "messages": size}
            sent = self.server.ask(command, timeout_s=_PLAY_S)["sent"]
            if sent == self.sent:  # the tape is at its end
                break
            volley = self._phase(before, sent, began=time.perf_counter())
            volleys.append(volley)
            size = int(min(_LARGEST_VOLLEY, _VOLLEY_S * volley.messages / volley.wall_s))
        measured = volleys[1:] or volleys  # the first is small, and everything is cold
        return Phase(
            messages=sum(volley.messages for volley in measured),
            cpu_s=sum(volley.cpu_s for volley in measured),
            wall_s=sum(volley.wall_s for volley in measured),
            rss_bytes=sum(volley.rss_bytes for volley in volleys),
        )

    def _phase(self, before: dict[str, Any], sent: int, *, began: float) -> Phase:
        messages, self.sent = sent - self.sent, sent
        after = self.settled(before["received"] + messages)
        if after["received"] != before["received"] + messages:
            taken = after["received"] - before["received"]
            msg = f"it took {taken:,} messages of {messages:,}"
            raise WrongAnswerError(msg)
        return Phase(
            messages=messages,
            cpu_s=after["cpu"] - before["cpu"],
            wall_s=after["wall"] - began,
            rss_bytes=after["rss"] - before["rss"],
        )

    def settled(self, wanted: int, patience_s: float = _STUCK_S) -> dict[str, Any]:
        """Return the mark once the client has taken what was sent, or takes nothing more."""
        last, since = -1, time.monotonic()
        while True:
            mark = self.client.ask({"do": "mark"})
            if mark["received"] >= wanted:
                return mark
            if mark["received"] > last:
                last, since = mark["received"], time.monotonic()
            elif time.monotonic() - since > patience_s:
                return mark
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Compare the client's books with the venue's own.

        Raises
        ------
        WrongAnswerError
            If one of them has other best prices or sizes.
        """
        right = self.server.ask({"do": "touch"})["touch"]
        end = time.monotonic() + ANSWER_S
        while wrong := self._difference(right):
            if time.monotonic() > end:
                raise WrongAnswerError(wrong)
            time.sleep(5 * _POLL_S)

    def _difference(self, right: dict[str, list[float | None]]) -> str:
        if self.entrant.role is Role.FLOOR:
            return ""
        got = self.client.ask({"do": "touch"})["touch"]
        for symbol, expected in right.items():
            received = got.get(symbol)
            if received is None or not _equal(Touch(*expected), Touch(*received)):
                return f"{symbol}: expected {expected} at the end, received {received}"
        return ""


def _equal(expected: Touch, received: Touch) -> bool:
    return all(
        a is b if a is None or b is None else math.isclose(a, b, rel_tol=1e-9)
        for a, b in zip(expected, received, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Bench:
    """How every entrant is run.

    Parameters
    ----------
    course : Course
        What is played.
    seconds : float
        How long at the rate, and how long at most at full speed.
    core : int or None
        Which core clients run on.
    undisturbed : bool
        Whether both go before all other programs while latencies are taken.
    """

    course: Course
    seconds: float
    core: int | None = None
    undisturbed: bool = False

    def costs(self, entrant: Entrant) -> Costs:
        """Measure CPU and memory."""
        with self._server(self.course) as server, self._client(entrant, server) as client:
            run = self._run(entrant, server, client)
            paced = run.pace(int(self.course.rate * self.seconds))
            rss = run.client.ask({"do": "mark"})["rss"] - run.rss_bytes
            blast = run.blast(self.seconds)
            run.check()
            return Costs(run.version, paced, blast, rss)

    def latencies(self, entrant: Entrant, arrivals: str) -> Latencies:
        """Measure from the arrival of bytes to a book that is ready."""
        course = replace(self.course, arrivals=arrivals, undisturbed=self.undisturbed)
        with (
            self._server(course) as server,
            self._client(entrant, server, stamped=True) as client,
        ):
            run = self._run(entrant, server, client)
            run.client.ask({"do": "begin"})
            run.pace(int(self.course.rate * self.seconds))
            taken = run.client.ask({"do": "latencies"})
            run.check()
            if not taken["messages"]:
                msg = "none of its states could be matched with a message"
                raise WrongAnswerError(msg)
            return Latencies(run.version, taken["messages"], tuple(taken["us"]))

    def _server(self, course: Course) -> Child:
        return Child("obcore.bench.feeds.server", [course.to_json()])

    def _client(self, entrant: Entrant, server: Child, *, stamped: bool = False) -> Child:
        told = server.hear(START_S)
        target = Target(
            market=told["market"],
            base=told["base"],
            rest=told["rest"],
            symbols=tuple(told["symbols"]),
            stamped=stamped,
            core=self.core,
            undisturbed=stamped and self.undisturbed,
        )
        return Child("obcore.bench.feeds.client", [entrant.to_json(), target.to_json()])

    def _run(self, entrant: Entrant, server: Child, client: Child) -> Run:
        hello = client.hear(START_S)
        if "absent" in hello:
            raise UnfitError(hello["absent"])
        client.tell({"do": "run"})
        run = Run(server, client, entrant, hello["version"], hello["rss"])
        self._wait_subscribed(run)
        # Books ask for their snapshots meanwhile; whoever blocks on that takes the rest after it.
        run.sent = self._play(run, WARM_UP * self.course.symbols)
        self._wait_ready(run)
        run.settled(1 << 60, _STILL_S)
        return run

    def _wait_subscribed(self, run: Run) -> None:
        end, still, before = time.monotonic() + START_S, time.monotonic(), 0
        while (now := run.server.ask({"do": "subscriptions"})["subscriptions"]) < (
            self.course.symbols
        ):
            if time.monotonic() > end:
                msg = f"it subscribed to {now} books of {self.course.symbols} within {START_S:.0f} s"
                raise WrongAnswerError(msg)
            if now != before:
                still, before = time.monotonic(), now
            elif now and time.monotonic() - still > 1.0:
                # Somebody sends its next subscription only once it has received something.
                self._play(run, self.course.symbols)
            run.client.ask({"do": "mark"})  # fails if it has ended
            time.sleep(_POLL_S)

    def _wait_ready(self, run: Run) -> None:
        end, nudge = time.monotonic() + SYNC_S, time.monotonic() + _STILL_S
        while not run.client.ask({"do": "ready"}, timeout_s=SYNC_S)["ready"]:
            if time.monotonic() > end:
                msg = f"its books were not in sync within {SYNC_S:.0f} s"
                raise WrongAnswerError(msg)
            if time.monotonic() > nudge:
                # Somebody tries again only with the next message of a book.
                nudge = time.monotonic() + 0.5
                run.sent = self._play(run, 2 * self.course.symbols)
            time.sleep(_POLL_S)

    def _play(self, run: Run, messages: int) -> int:
        answer = run.server.ask({"do": "pace", "messages": messages}, timeout_s=_PLAY_S)
        return int(answer["sent"])
