"""Live feeds against each other: the same bytes over real sockets, from the local venue.

A server plays a recording as Binance serves it (`server`), one client process a run receives it
(`client`), and `program` runs them in rounds. `floor` and `own` are the bare loop and obcore;
``peer_*`` one file a competitor, the only ones that import them. Run as
``python -m obcore.bench.feeds``.
"""
