"""How well the model does on validation data."""

from flopt import Run, objective


@objective(direction="maximize", unit="", least=0, most=1)
def accuracy(run: Run) -> float:
    """Validation accuracy, in [0, 1]."""
    return run.accuracy
