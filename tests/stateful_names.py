"""How the name of a feature is taken apart, with the features and settings within it."""

from __future__ import annotations

import re
from collections import deque
from fractions import Fraction
from typing import NamedTuple

NS_PER = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class Duration(NamedTuple):
    ns: int


class Call(NamedTuple):
    """A name taken apart: ``mean(ofi_1(window=5), window=1s)`` has an inner feature."""

    name: str
    inner: Call | None
    parameters: tuple[tuple[str, int | Fraction | Duration], ...]

    def tree(self) -> set[str]:
        return {self.name} | (self.inner.tree() if self.inner else set())


def parsed(text: str) -> Call:
    tokens = deque(re.findall(r"\w[\w.]*|[^\w\s]", text))
    call = taken(tokens)
    if tokens:
        message = f"expected the end of {text!r}, received {tokens[0]!r}"
        raise ValueError(message)
    return call


def taken(tokens: deque[str]) -> Call:
    """Take a call from the front: name, or name(inner, parameter=value, ...)."""
    name, inner = tokens.popleft(), None
    parameters: dict[str, int | Fraction | Duration] = {}
    if tokens and tokens[0] == "(":
        separator = tokens.popleft()
        while separator != ")":
            if tokens[1] == "=":
                parameter, _, number = (tokens.popleft() for _ in range(3))
                parameters[parameter] = quantity_of(number)
            else:
                inner = taken(tokens)
            separator = tokens.popleft()
    return Call(name, inner, tuple(sorted(parameters.items())))


def quantity_of(text: str) -> int | Fraction | Duration:
    """20 is a count, 500ms a duration, 0.9 another parameter."""
    if match := re.fullmatch(r"(\d+)([a-z]+)", text):
        return Duration(int(match[1]) * NS_PER[match[2]])
    return int(text) if text.isdecimal() else Fraction(text)
