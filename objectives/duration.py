"""How long the training takes on the fleet."""

from flopt import Run, objective


@objective(direction="minimize", unit="s", least=0)
def duration(run: Run) -> float:
    """Expected seconds, each round as long as its slowest client."""
    return run.duration_s
