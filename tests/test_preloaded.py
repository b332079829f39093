from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("flwr")

from flopt.flower.requirement import QUIET

ASKED = """
import json, os, sys, psutil
import flopt.flower.preloaded
loaded = [name for name in ("flwr", "torch._dynamo", "ray", "sklearn") if name in sys.modules]
print(json.dumps([psutil.Process().num_threads(), loaded, dict(os.environ)]))
"""


def test_workers_are_forked_from_a_process_of_one_thread_that_has_loaded_flower_and_stays_off_the_network() -> None:
    plain = {name: value for name, value in os.environ.items() if name not in QUIET}
    one = {**plain, "OPENBLAS_NUM_THREADS": "1"}  # NumPy's own threads are stopped and begun anew around a fork
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, env=one, check=True)
    threads, loaded, environment = json.loads(done.stdout.splitlines()[-1])
    assert (threads, loaded) == (1, ["flwr", "torch._dynamo"])
    assert environment.items() >= QUIET.items()


def test_without_flower_it_is_no_module_which_the_process_passes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flopt.flower.requirement.find_spec", lambda _name: None)
    monkeypatch.delitem(sys.modules, "flopt.flower.preloaded", raising=False)
    with pytest.raises(ImportError, match="Flower is not installed"):
        import flopt.flower.preloaded  # noqa: F401
