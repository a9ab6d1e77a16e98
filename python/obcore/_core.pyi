import enum
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, final

import numpy as np
from numpy.typing import NDArray

LEVEL_DTYPE: Final[np.dtype[np.void]]
ABSENT: Final[int]
MAX_PRICE_TICKS: Final[int]

class ObcoreError(Exception): ...

class DecodeError(ObcoreError, ValueError):
    source: str | None
    line: int | None
    reason: str

class PrecisionError(DecodeError): ...
class AmbiguousFormatError(DecodeError): ...

class GapError(ObcoreError):
    expected: int | None
    received: int | None

class Side(enum.Enum):
    BID = 0
    ASK = 1

class BookState(enum.Enum):
    EMPTY = 0
    BUFFERING = 1
    SYNCED = 2
    UNVERIFIED = 3
    STALE = 4
    GAP = 5

class Verdict(enum.Enum):
    APPLY = 0
    SKIP = 1
    BUFFER = 2
    GAP = 3
    RESYNC = 4

class Format(enum.Enum):
    AUTO = 0
    DIFF = 1
    TOPN = 2
    PICTURES = 3
    TARDIS = 4
    RESEARCH = 5

class Every(enum.Enum):
    EVENT = 0
    TIME = 1
    TRADE = 2

@final
class Grid:
    def __init__(self, tick: str, lot: str, *, nonpositive_prices: bool = False) -> None: ...
    @property
    def tick(self) -> str: ...
    @property
    def lot(self) -> str: ...
    def ticks(self, price: str) -> int: ...
    def lots(self, size: str) -> int: ...
    def price(self, ticks: int) -> float: ...
    def size(self, lots: int) -> float: ...
    def price_text(self, ticks: int) -> str: ...
    def size_text(self, lots: int) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

class _HasGrid(Protocol):
    @property
    def grid(self) -> Grid: ...

class BookView:
    def top(self, side: Side, n: int | None = None) -> NDArray[np.void]: ...
    def top_into(self, side: Side, out: NDArray[np.void]) -> int: ...
    def level(self, side: Side, n: int) -> tuple[int, int] | None: ...
    def size_at(self, side: Side, ticks: int) -> int: ...
    def count(self, side: Side) -> int: ...
    def total_lots(self, side: Side) -> int: ...
    @property
    def best_bid(self) -> tuple[int, int] | None: ...
    @property
    def best_ask(self) -> tuple[int, int] | None: ...
    @property
    def is_crossed(self) -> bool: ...
    @property
    def is_locked(self) -> bool: ...
    @property
    def grid(self) -> Grid: ...
    @property
    def state(self) -> BookState: ...
    @property
    def reason(self) -> str: ...
    @property
    def sequence(self) -> int | None: ...
    @property
    def ts_event_ns(self) -> int | None: ...
    @property
    def ts_recv_ns(self) -> int | None: ...
    def memory_usage(self) -> int: ...
    @property
    def mid(self) -> float: ...
    @property
    def microprice(self) -> float: ...
    def __copy__(self) -> Book: ...

@final
class Book(BookView):
    def __init__(self, instrument: Grid | _HasGrid) -> None: ...
    def apply_snapshot(
        self,
        bids: NDArray[np.void],
        asks: NDArray[np.void],
        sequence: int | None = None,
        *,
        ts_event_ns: int | None = None,
        ts_recv_ns: int | None = None,
    ) -> None: ...
    def apply_delta(
        self,
        bids: NDArray[np.void],
        asks: NDArray[np.void],
        sequence: int | None = None,
        *,
        ts_event_ns: int | None = None,
        ts_recv_ns: int | None = None,
    ) -> None: ...
    def apply_batch(
        self, batch: DeltaBatch, start: int = 0, stop: int | None = None
    ) -> None: ...
    def apply_message(self, batch: DeltaBatch, index: int) -> None: ...
    def clear(self) -> None: ...

@final
class DeltaBatch:
    def __init__(
        self,
        instrument: Grid | _HasGrid,
        sides: NDArray[np.uint8],
        prices: NDArray[np.int64],
        sizes: NDArray[np.int64],
        offsets: NDArray[np.int64],
    ) -> None: ...
    def __len__(self) -> int: ...
    @property
    def updates(self) -> int: ...
    @property
    def levels(self) -> NDArray[np.void]: ...

@final
class LiveBook:
    def __init__(self, instrument: Grid | _HasGrid, kind: str = "auto") -> None: ...
    def apply_json(
        self, message: bytes | bytearray | memoryview | str, ts_recv_ns: int | None = None
    ) -> Verdict: ...
    @property
    def book(self) -> BookView: ...
    @property
    def symbol(self) -> str: ...

@final
class BookSet:
    def __init__(
        self,
        instruments: Iterable[Grid | _HasGrid],
        features: str | Iterable[str] = "standard",
        depth: int = 10,
        *,
        kind: str = "auto",
    ) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> BookView: ...
    def __iter__(self) -> Iterator[BookView]: ...
    def index(self, symbol: str) -> int: ...
    @property
    def symbols(self) -> list[str]: ...
    @property
    def names(self) -> list[str]: ...
    def apply_json(
        self,
        index: int,
        message: bytes | bytearray | memoryview | str,
        ts_recv_ns: int | None = None,
    ) -> Verdict: ...
    def apply_snapshot(
        self,
        index: int,
        bids: NDArray[np.void],
        asks: NDArray[np.void],
        sequence: int | None = None,
        *,
        ts_event_ns: int | None = None,
        ts_recv_ns: int | None = None,
    ) -> None: ...
    def apply_delta(
        self,
        index: int,
        bids: NDArray[np.void],
        asks: NDArray[np.void],
        sequence: int | None = None,
        *,
        ts_event_ns: int | None = None,
        ts_recv_ns: int | None = None,
    ) -> None: ...
    def apply_json_many(
        self,
        ids: NDArray[np.integer] | Sequence[int],
        messages: Iterable[bytes | bytearray | memoryview | str],
        ts_recv_ns: NDArray[np.integer] | Sequence[int] | None = None,
        threads: int = 1,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]: ...
    def features(
        self, out: NDArray[np.float64] | None = None, threads: int = 1
    ) -> NDArray[np.float64]: ...
    def memory_usage(self) -> int: ...

@final
class FeatureSet:
    def __init__(self, features: str | Iterable[str] = "standard", depth: int = 10) -> None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def depth(self) -> int: ...
    def __len__(self) -> int: ...
    def compute(
        self, book: BookView, out: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]: ...

@final
class FeatureEngine:
    def __init__(
        self,
        instrument: Grid | _HasGrid,
        features: str | Iterable[str] = "stateful",
        *,
        depth: int = 10,
        mode: str = "causal",
        ofi_weights: Sequence[float] | None = None,
    ) -> None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def grid(self) -> Grid: ...
    @property
    def symbol(self) -> str: ...
    @property
    def states(self) -> int: ...
    @property
    def waiting_trades(self) -> int: ...
    @property
    def missing(self) -> dict[str, str]: ...
    @property
    def ready(self) -> bool: ...
    def __len__(self) -> int: ...
    def on_book(
        self, book: BookView, out: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]: ...
    def replay(
        self, book: Book, batch: DeltaBatch, out: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]: ...
    def on_trade(
        self,
        price: int,
        size: int,
        taker: Side,
        *,
        ts_event_ns: int | None = None,
        ts_recv_ns: int | None = None,
    ) -> None: ...
    def reset(self) -> None: ...
    def save(self) -> bytes: ...
    def restore(self, state: bytes) -> None: ...

@final
class Replay:
    def __init__(
        self,
        *,
        features: str = "standard",
        depth: int = 10,
        mode: str = "causal",
        ofi_weights: Sequence[float] | None = None,
        engine: FeatureEngine | None = None,
        trades: Callable[[], tuple[str, bytes, bool] | None] | None = None,
        every: Every = ...,
        every_n: int = 1,
        kind: Format = ...,
        symbol: str = "",
        grid: Grid | None = None,
        uncross: bool = False,
        strict: bool = False,
        stop_time_ns: int | None = None,
        stop_sequence: int | None = None,
    ) -> None: ...
    def begin(self, name: str) -> None: ...
    def feed(self, data: bytes | bytearray | memoryview) -> None: ...
    def end(self) -> None: ...
    def drain(self) -> bool: ...
    def finish(self) -> None: ...
    def take_rows(
        self,
    ) -> tuple[
        NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]
    ]: ...
    def book(self) -> Book: ...
    def summary(self) -> dict[str, Any]: ...
    @property
    def stopped(self) -> bool: ...
    @property
    def names(self) -> list[str]: ...

def catalog() -> list[dict[str, Any]]: ...
def feature_names(
    features: str, depth: int = 10, ofi_weights: Sequence[float] | None = None
) -> list[str]: ...
def load_features(path: str) -> list[str]: ...
def judge_binance(
    last: int, first: int, final: int, previous: int | None = None
) -> Verdict: ...
def judge_binance_join(
    snapshot: int, first: int, final: int, previous: int | None = None
) -> Verdict: ...
