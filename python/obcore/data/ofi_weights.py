"""Weights of the integrated order-flow imbalance: fitted, saved, loaded."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from obcore.errors import ObcoreError, damaged_input

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from numpy.typing import NDArray

    from obcore.data.recording import Recording

MAX_LEVELS = 10
_KIND = "obcore ofi weights 1"


@dataclass(frozen=True, slots=True)
class OfiWeights:
    """Weights of ``integrated_ofi``, and what they were fitted on.

    Parameters
    ----------
    weights : tuple of float
        From level 1 on; their absolute values sum to 1, and their sum is positive.
    window : str
        Of the order-flow imbalances that they were fitted on: ``"1"`` state, ``"1s"``.
    train : float
        Share of the rows, from the first on, that they were fitted on.
    train_rows, test_rows : int
        Rows of the two parts.
    explained_train, explained_test : float
        Share of the variance over all levels that the one number explains, in each part; NaN
        where there is no test part.
    symbol, tick, lot : str
        The instrument.
    sources : tuple of str
        sha256 of the inputs.
    """

    weights: tuple[float, ...]
    window: str
    train: float
    train_rows: int
    test_rows: int
    explained_train: float
    explained_test: float
    symbol: str
    tick: str
    lot: str
    sources: tuple[str, ...]

    def save(self, path: str | PathLike[str]) -> None:
        """Write them as JSON that says what it is."""
        values = {
            name: None if value != value else value  # noqa: PLR0124  JSON has no NaN
            for name, value in asdict(self).items()
        }
        document = {"kind": _KIND, **values}
        Path(path).write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> OfiWeights:
        """Read what `save` wrote.

        Raises
        ------
        DecodeError
            If the file is no such file.
        """
        try:
            document: dict[str, Any] = json.loads(Path(path).read_text())
            if document.pop("kind") != _KIND:
                raise ValueError(_KIND)
            weights = tuple(float(weight) for weight in document.pop("weights"))
            sources = tuple(str(source) for source in document.pop("sources"))
            if not 1 <= len(weights) <= MAX_LEVELS or not np.isfinite(weights).all():
                raise ValueError(weights)
            test = document.pop("explained_test")
            explained_test = float("nan") if test is None else float(test)
            return cls(
                weights=weights, sources=sources, explained_test=explained_test, **document
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = "expected weights that `obcore fit-ofi` wrote, received something else"
            raise damaged_input(Path(path).name, reason) from error


def fit_ofi_weights(
    recording: Recording,
    *,
    levels: int = MAX_LEVELS,
    window: str | int = "1",
    train: float = 0.7,
    on_read: Callable[[int], None] | None = None,
) -> OfiWeights:
    """Return the first principal direction of the order-flow imbalances of several levels.

    Each row of imbalances is divided by the mean depth of a level over the same window, one
    number for all levels, as ``integrated_ofi`` does live (Cont, Cucuringu and Zhang 2023).

    Parameters
    ----------
    recording : Recording
        What to fit on.
    levels : int, optional
        From the best on, 2 to 10.
    window : str or int, optional
        Over which imbalances are summed: states (``20``) or a duration (``"1s"``).
    train : float, optional
        Share of the rows to fit on, the first ones; the rest only judges. Above 0, at most 1.
    on_read : callable, optional
        Called with the number of file bytes read.

    Raises
    ------
    ValueError
        If an argument is out of range.
    ObcoreError
        If the book never moved in the training part.

    Examples
    --------
    >>> import obcore
    >>> recording = obcore.Recording(obcore.sample())
    >>> fitted = fit_ofi_weights(recording, levels=3)
    >>> len(fitted.weights), round(sum(abs(w) for w in fitted.weights), 12)
    (3, 1.0)
    >>> recording.features("integrated_ofi", ofi_weights=fitted.weights).values.shape
    (3267, 1)
    """
    if not 2 <= levels <= MAX_LEVELS:
        msg = f"levels: expected 2 to {MAX_LEVELS}, received {levels}"
        raise ValueError(msg)
    if not 0.0 < train <= 1.0:
        msg = f"train: expected a share above 0 and at most 1, received {train}"
        raise ValueError(msg)
    table = recording.features(
        [f"ofi_{level}(window={window})" for level in range(1, levels + 1)]
        + [f"mean(total_vol(levels={levels}), window={window})"],
        on_read=on_read,
    )
    rows = _scaled(table.values, levels)
    cut = int(len(rows) * train)
    fitted, judged = rows[:cut], rows[cut:]
    weights = _first_direction(fitted)
    return OfiWeights(
        weights=tuple(weights.tolist()),
        window=str(window),
        train=train,
        train_rows=len(fitted),
        test_rows=len(judged),
        explained_train=_explained(fitted, weights),
        explained_test=_explained(judged, weights),
        symbol=table.summary.symbol,
        tick=table.summary.tick,
        lot=table.summary.lot,
        sources=tuple(source.sha256 for source in table.summary.sources),
    )


def _scaled(values: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    """Return the imbalances over the mean depth of a level, where both are known."""
    imbalances, depth = values[:, :levels], values[:, levels] / (2 * levels)
    known = np.isfinite(values).all(axis=1) & (depth > 0)
    scaled: NDArray[np.float64] = imbalances[known] / depth[known, np.newaxis]
    return scaled


def _first_direction(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(rows) < 2 or not rows.any():
        msg = f"recording: expected order flow to fit on, received {len(rows)} rows without any"
        raise ObcoreError(msg)
    _, directions = np.linalg.eigh(np.cov(rows, rowvar=False))
    first = directions[:, -1]
    weights: NDArray[np.float64] = first / np.abs(first).sum()
    return weights if weights.sum() > 0 else -weights


def _explained(rows: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    if len(rows) < 2 or not rows.any():
        return float("nan")
    along = rows @ (weights / np.linalg.norm(weights))
    return float(along.var(ddof=1) / rows.var(axis=0, ddof=1).sum())
