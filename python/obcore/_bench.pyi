from typing import final

import numpy as np
from numpy.typing import NDArray

@final
class BareBook:
    def __init__(self, first_tick: int, last_tick: int, instruction_set: str = "") -> None: ...
    def load(self, bids: NDArray[np.int64], asks: NDArray[np.int64]) -> None: ...
    def apply(
        self,
        sides: NDArray[np.uint8],
        prices: NDArray[np.int64],
        sizes: NDArray[np.int64],
        offsets: NDArray[np.int64],
    ) -> None: ...
    def replay(
        self,
        sides: NDArray[np.uint8],
        prices: NDArray[np.int64],
        sizes: NDArray[np.int64],
        offsets: NDArray[np.int64],
        tick_size: float,
        lot_size: float,
        out: NDArray[np.float64],
    ) -> None: ...
    def scan(
        self,
        texts: bytes,
        offsets: NDArray[np.int64],
        price_digits: tuple[int, int],
        size_digits: tuple[int, int],
    ) -> None: ...
    def levels(self, ask: bool) -> NDArray[np.int64]: ...

def instruction_sets() -> list[str]: ...
def read_memory(values: NDArray[np.uint64], instruction_set: str = "") -> int: ...
def synthesize(
    levels: int, updates: int, seed: int, spacing: int, drift: int
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.uint8],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
]: ...
