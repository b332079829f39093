"""Keeping an app off the network while it runs in this process."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sys
from collections.abc import Iterator

__all__ = ["NetworkError", "offline"]

_LIBRARIES = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
"""Libraries that then take what they have cached, without asking."""
_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")

_refusing = False
_hooked = False


class NetworkError(OSError):
    """An app reached for the network."""


@contextlib.contextmanager
def offline(*, allowed: bool = False) -> Iterator[None]:
    """Refuse every connection beyond this machine; `allowed` lets them all through.

    For honest code: it hooks Python's own sockets, it is no sandbox.
    """
    global _refusing
    if allowed:
        yield
        return
    _hook()
    before, kept = _refusing, {name: os.environ.get(name) for name in _LIBRARIES}
    _refusing = True
    os.environ.update(_LIBRARIES)
    try:
        yield
    finally:
        _refusing = before
        for name, value in kept.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def _hook() -> None:
    """Audit hooks cannot be taken away again: one for the process."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True


def _audit(event: str, args: tuple[object, ...]) -> None:
    if not _refusing or event not in _EVENTS:
        return
    address = args[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else args[1]
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if isinstance(host, str) and not _is_here(host):
        raise NetworkError(
            f"the app reached for {host}; flopt runs apps without network (task.flower_network = true allows it)"
        )


def _is_here(host: str) -> bool:
    """Whether an address, a name or the path of a Unix socket is of this machine."""
    if host in ("", "localhost") or "/" in host or host.startswith("\0"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
