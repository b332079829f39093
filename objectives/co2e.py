"""What the training emits on the fleet."""

from flopt import Run, objective


@objective(direction="minimize", unit="kg", least=0)
def co2e(run: Run) -> float:
    """Expected deployment emissions in kg CO2e: training, waiting, transfers, network and server."""
    return run.co2e_kg
