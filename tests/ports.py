"""Ports of this machine for servers that have to be told theirs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held_port() -> Iterator[int]:
    """A port that the system gives to nobody else: only who names it can listen there.

    Let go before its server has it, it may go to any other process of the machine, as the end of
    an outgoing connection too; and again whenever the server is started anew. So it stays bound
    here, and both sides say SO_REUSEADDR, with which one of them may listen (socket(7)).
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])
