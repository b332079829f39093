"""A SuperLink of flopt's own on this machine: Flower's simulation behind `flwr run`, started, asked and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from flopt.errors import FloptError
from flopt.flower.requirement import QUIET, require_flower

__all__ = ["SuperLink", "local_superlink", "users_superlink"]

START_S = 600.0
"""How long a SuperLink may take to start, and a run of it."""
ASK_EVERY_S = 1.0
LEAVE_IDLE = 3.0
"""How many times as long as a question took nothing is asked: each is a process that imports Flower, on cores that the
run itself may need."""
OWN_RAY = {"RAY_ADDRESS": "local", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""A Ray of its own, not the cluster that this machine may belong to; and one that listens on the loopback alone, as it
does by default on a Mac: elsewhere Ray means to be a cluster, and listens on every address."""


@dataclass(frozen=True)
class SuperLink:
    """Where `flwr` finds it."""

    environment: Mapping[str, str]
    """Of every `flwr` command that is to reach it."""
    log: str
    """Where to look for what it logs, for whoever reads an error."""
    name: str = ""
    """The connection's name in Flower's configuration; empty: its default."""

    def run(self, folder: Path, clients: int, start_s: float = START_S) -> str:
        """Run an app to its end, and give the run's number; raises FloptError where it does not complete.

        The status counts, never the exit code: `flwr run` ends with 0 where the ServerApp raised. A run may take as
        long as it takes, but not longer than `start_s` (s) until it runs: some stay pending for ever.
        """
        simulation = f"num-supernodes={clients} client-resources-num-cpus=1"
        options = [] if self.name else ["--federation-config", simulation]
        answer = self._flwr("run", str(folder), *self._connection, *options, "--format", "json")
        if not answer.get("run-id"):
            raise FloptError(f"flwr run: {_words(answer)}")
        number = str(answer["run-id"])
        try:
            state, why = self._ended(number, start_s)
        except BaseException:  # Ctrl-C, most likely: nobody waits for it any more
            self._flwr("stop", number, *self._connection, "--format", "json")
            raise
        if state != "finished:completed":
            raise FloptError(f"flwr run: {state}: {why or 'no details'}; its log: {self._last_error(number)}")
        return number

    def _ended(self, number: str, start_s: float) -> tuple[str, str]:
        """The status of a run that has ended, and Flower's words for it."""
        deadline, wait_s = time.monotonic() + start_s, ASK_EVERY_S
        while True:
            time.sleep(wait_s)
            asked = time.monotonic()
            listed = self._flwr("list", *self._connection, "--run-id", number, "--format", "json")
            found = (listed.get("runs") or [{}])[0]
            state = str(found.get("status", "unknown"))
            if state.startswith("finished"):
                return state, str(found.get("status-details") or "")
            if state != "running" and time.monotonic() > deadline:
                raise FloptError(f"flwr run: still {state} after {start_s:g} s; see {self.log}")
            wait_s = max(ASK_EVERY_S, LEAVE_IDLE * (time.monotonic() - asked))

    def log_of(self, run_id: str) -> str:
        """What a run's server logged."""
        return self._called("log", run_id, *self._connection, "--show").stdout

    @property
    def _connection(self) -> tuple[str, ...]:
        return (self.name,) if self.name else ()

    def _flwr(self, *arguments: str) -> dict[str, Any]:
        """What a `flwr` command answers as JSON."""
        done = self._called(*arguments)
        start = done.stdout.find("{")
        try:
            answer: dict[str, Any] = json.loads(done.stdout[start:]) if start >= 0 else {}
        except ValueError:
            answer = {}
        return answer or {"error": f"{done.stdout} {done.stderr}"}

    def _last_error(self, run_id: str) -> str:
        """The last line of a run's log that tells of an error; its last line where none does."""
        lines = [line.strip() for line in self.log_of(run_id).splitlines() if line.strip()]
        told = [line for line in lines if re.search(r"\b\w*(Error|Exception)\b: ", line)] or lines
        return re.sub(r"\x1b\[\d*m", "", told[-1])[-300:] if told else "(empty)"

    def _called(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["flwr", *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=dict(self.environment),
            check=False,
        )


@contextlib.contextmanager
def local_superlink(home: Path) -> Iterator[SuperLink]:
    """A SuperLink on free ports of the loopback, with a home of its own; it is stopped with all that it started."""
    require_flower()
    if find_spec("ray") is None:
        raise FloptError(
            "Flower's simulation needs its own Ray: pip install 'flwr[simulation]', in its own environment"
        )
    ports = _free_ports(2)
    environment = _environment(home, ports)
    log = home / "superlink.log"
    command = ["flower-superlink", "--insecure", "--simulation", "--isolation", "subprocess"]
    command += ["--control-api-address", f"127.0.0.1:{ports[1]}", "--host", "127.0.0.1", "--port", str(ports[0])]
    command += ["--database", str(home / "state.db")]
    home.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as lines:
        process = subprocess.Popen(
            command, env=environment, stdout=lines, stderr=lines, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        _wait(process, ports[0], log)
        yield SuperLink(environment, str(log))
    finally:
        _stop(process)


def users_superlink(name: str) -> SuperLink:
    """The SuperLink of a connection in the user's own Flower configuration; nothing is started."""
    require_flower()
    return SuperLink({**os.environ, **QUIET, **_path()}, f"the log of the SuperLink {name!r}", name)


def _environment(home: Path, ports: tuple[int, ...]) -> dict[str, str]:
    own = {
        **QUIET,
        **OWN_RAY,
        "FLWR_HOME": str(home),
        "FLWR_LOCAL_SUPERLINK_HTTP_API_PORT": str(ports[0]),
        "FLWR_LOCAL_CONTROL_API_PORT": str(ports[1]),
        **_path(),
    }
    return {**os.environ, **own}


def _path() -> dict[str, str]:
    """Flower's commands, and those that a SuperLink starts, stand beside this Python, whatever the user's path is."""
    return {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}


def _free_ports(count: int) -> tuple[int, ...]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)
    finally:
        for each in sockets:
            each.close()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it answers."""
    deadline = time.monotonic() + START_S
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of the loopback
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise FloptError(f"the SuperLink ended at once (code {process.returncode}); see {log}")
        with contextlib.suppress(OSError), opener.open(f"http://127.0.0.1:{port}/health", timeout=5):
            return
        time.sleep(ASK_EVERY_S / 5)
    raise FloptError(f"the SuperLink did not start within {START_S:g} s; see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it by its own id, and whatever it started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.terminate()
        for each in psutil.wait_procs(family, timeout=10)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


def _words(answer: Mapping[str, Any]) -> str:
    text = str(answer.get("error-message") or answer.get("error") or answer)
    return " ".join(text.split())[-500:]
