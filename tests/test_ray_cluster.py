"""Ray for real, in a network namespace, because it listens beyond the loopback."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BEGIN = """
import os, subprocess, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
os.environ["HOME"] = {home!r}  # Ray keeps a token there
os.environ["RAY_TMPDIR"] = {short!r}  # else it may find a cluster of somebody else's
os.environ["RAY_AUTH_MODE"] = "disabled"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
from bad_runs import EPOCHS, REASONS, bad_study, check_bad_runs
from flopt import tune

HERE = Path({home!r})
"""

OWN = """
import ray
if __name__ == "__main__":
    tune(bad_study(HERE, "ray"), out=HERE / "out")
    check_bad_runs(HERE / "out")
    assert not ray.is_initialized(), "the cluster that was begun for the search ends with it"
"""

JOINED = """
import ray
START = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--num-cpus=2", "--include-dashboard=false"]
START += ["--ray-client-server-port=10001", "--block"]

def study(name, executor):
    (HERE / name).mkdir()
    return {{**bad_study(HERE / name, executor), "budget": {{"runs": 3}}}}, HERE / name / "out"

if __name__ == "__main__":
    import signal, time
    from contextlib import suppress
    head = subprocess.Popen(START, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for attempt in range(60):
            try:
                ray.init(address="auto", log_to_driver=False)
                break
            except ConnectionError:
                time.sleep(1)
        tables, out = study("mine", "ray")
        tune(tables, out=out)
        assert ray.is_initialized(), "a cluster that was joined before stays joined"
        ray.shutdown()
        tables, out = study("client", "ray://127.0.0.1:10001")
        tune(tables, out=out)
        from flopt.cli.runs import run_rows
        for name in ("mine", "client"):
            assert [row.reason for row in run_rows(HERE / name / "out")] == [REASONS[each] for each in EPOCHS[:3]]
        ray.init(address="auto", log_to_driver=False)  # it goes on after both
    finally:
        head.terminate()
        head.wait(60)
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)  # it leaves some of its processes
"""


@pytest.mark.parametrize("body", [OWN, JOINED], ids=["own", "joined"])
def test_a_run_that_breaks_its_worker_fails_alone(
    body: str, tmp_path: Path, without_network: Callable[[str], str], needs_module: Callable[[str], None]
) -> None:
    needs_module("ray")
    script = tmp_path / "go.py"
    with tempfile.TemporaryDirectory(prefix="ray") as short:  # sockets lie there, whose paths must not be long
        folders = {"home": str(tmp_path), "short": short, "tests": str(Path(__file__).parent)}
        script.write_text((BEGIN + body).format(**folders), encoding="utf-8")
        without_network(f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, {str(script)!r}]))")
