"""Binance's JSON into two dicts, by each parser that Python has."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING, Any

import orjson
import simdjson

from obcore.bench.contest import Calls, Entry, Trial, Workload, version
from obcore.bench.decimals import FloatStream
from obcore.bench.peers.json_floats import decoder, is_wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from obcore.bench.streams import Stream

    Book = tuple[dict[float, float], dict[float, float]]
    Texts = list[tuple[str, str]]
    Parse = Callable[[bytes], tuple[Texts, Texts]]


def entries() -> list[Entry]:
    """Return one path a parser."""

    def entry(name: str, package: str, path: str, make: Callable[[Stream], Trial]) -> Entry:
        return Entry(f"{name} and two dicts", package, path, Workload.JSON, Calls.EACH, make)

    python = f"Python {platform.python_version()}"
    floats, texts = "never sorted", "float() of each, never sorted"
    return [
        entry("msgspec", version("msgspec"), f"Decoder(…, strict=False); {floats}", _floats),
        entry("orjson", version("orjson"), f"orjson.loads, {texts}", _texts(_orjson)),
        entry("pysimdjson", version("pysimdjson"), f"Parser.parse, {texts}", _texts(_simdjson)),
        entry("json", python, f"json.loads, {texts}", _texts(_json)),
    ]


def _trial(stream: Stream, run: Callable[[Book], None]) -> Trial:
    floats = FloatStream(stream)

    def answer(book: Book) -> object:
        return floats.levels(book[0].items(), book[1].items())

    return Trial(floats.two_dicts, run, answer, stream.messages)


def _floats(stream: Stream) -> Trial:
    texts = stream.json_messages()
    decode = decoder(texts)

    def run(books: Book) -> None:
        bids, asks = books
        for text in texts:
            message = decode(text)
            for price, size in message.b:
                if size:
                    bids[price] = size
                else:
                    bids.pop(price, None)
            for price, size in message.a:
                if size:
                    asks[price] = size
                else:
                    asks.pop(price, None)

    return _trial(stream, run)


def _texts(parser: Callable[[Sequence[bytes]], Parse]) -> Callable[[Stream], Trial]:
    """Return a path that gets prices and sizes as texts."""

    def make(stream: Stream) -> Trial:
        messages = stream.json_messages()
        parse = parser(messages)

        def run(books: Book) -> None:
            for message in messages:
                for book, pairs in zip(books, parse(message)):  # noqa: B905  it costs time
                    for price_text, size_text in pairs:
                        price, size = float(price_text), float(size_text)
                        if size:
                            book[price] = size
                        else:
                            book.pop(price, None)

        return _trial(stream, run)

    return make


def _of_objects(loads: Callable[[bytes], Any], messages: Sequence[bytes]) -> Parse:
    if is_wrapped(messages):

        def parse_wrapped(message: bytes) -> tuple[Texts, Texts]:
            data = loads(message)["data"]
            return data["b"], data["a"]

        return parse_wrapped

    def parse(message: bytes) -> tuple[Texts, Texts]:
        data = loads(message)
        return data["b"], data["a"]

    return parse


def _json(messages: Sequence[bytes]) -> Parse:
    return _of_objects(json.loads, messages)


def _orjson(messages: Sequence[bytes]) -> Parse:
    return _of_objects(orjson.loads, messages)


def _simdjson(messages: Sequence[bytes]) -> Parse:
    parser = simdjson.Parser()
    wrapped = is_wrapped(messages)

    def parse(message: bytes) -> tuple[Texts, Texts]:
        document = parser.parse(message)
        data = document["data"] if wrapped else document
        return data["b"].as_list(), data["a"].as_list()

    return parse
