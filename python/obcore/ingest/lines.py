"""A long answer of HTTP as lines: a source that is no WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

CONNECT_S = 10.0
MAX_LINE = 64 << 20


async def answer_lines(
    session: aiohttp.ClientSession,
    url: str,
    *,
    query: Mapping[str, str],
    headers: Mapping[str, str],
) -> AsyncIterator[bytes]:
    """Yield the lines of an answer as they arrive, without the empty ones.

    Raises
    ------
    aiohttp.ClientError
        If the answer is a refusal, ends in the middle of a line, or has a line without end.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
    async with session.get(url, params=query, headers=headers, timeout=timeout) as answer:
        if answer.status != 200:
            text = (await answer.read())[:300].decode(errors="replace")
            msg = f"refused with {answer.status}: {text}"
            raise aiohttp.ClientPayloadError(msg)
        rest = b""
        async for chunk in answer.content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield line
            if len(rest) > MAX_LINE:
                msg = f"a line of more than {MAX_LINE:,} bytes"
                raise aiohttp.ClientPayloadError(msg)
        if rest.strip():
            msg = "the answer ended in the middle of a line"
            raise aiohttp.ClientPayloadError(msg)
