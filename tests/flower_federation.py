"""A federation as its users run it: a SuperLink and SuperNodes of Flower's deployment, on free loopback ports."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flopt.flower import superlink
from flopt.flower.requirement import QUIET

NAME = "mine"
"""Of the connection in the user's configuration."""


@contextmanager
def federation(home: Path, clients: int) -> Iterator[None]:
    """A SuperLink with so many SuperNodes; `home` is the folder that its user calls FLWR_HOME."""
    link, *nodes = superlink._free_ports(1 + clients)
    address = f"127.0.0.1:{link}"
    home.mkdir()
    connection = f'[superlink.{NAME}]\naddress = "{address}"\ninsecure = true\n'
    (home / "config.toml").write_text(f'[superlink]\ndefault = "{NAME}"\n\n{connection}', encoding="utf-8")
    database = ["--database", str(home / "state.db")]
    with ExitStack() as ends:
        link_log = home / "superlink.log"
        command = ["flower-superlink", "--insecure", "--host", "127.0.0.1", "--port", str(link), *database]
        superlink._wait(_started(ends, command, link_log), link, link_log)
        for number, port in enumerate(nodes):
            command = ["flower-supernode", "--insecure", "--superlink", address, "--host", "127.0.0.1"]
            command += ["--port", str(port), "--node-config", f"partition-id={number} num-partitions={clients}"]
            _started(ends, command, home / f"supernode{number}.log")
        yield


def _started(ends: ExitStack, command: list[str], log: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **QUIET, **superlink._path(), "FLWR_HOME": str(log.parent)}
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, env=environment, stdout=lines, stderr=lines, stdin=subprocess.DEVNULL, start_new_session=True
        )
    ends.callback(superlink._stop, process)
    return process
