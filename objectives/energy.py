"""What the training draws on the fleet."""

from flopt import Run, objective


@objective(direction="minimize", unit="kWh", least=0)
def energy(run: Run) -> float:
    """Expected energy in kWh, over all parts."""
    return run.energy_kwh
