"""What the training moves over the network."""

from flopt import Run, objective


@objective(direction="minimize", unit="byte", least=0)
def traffic(run: Run) -> float:
    """Bytes down and up, over all clients and rounds."""
    return run.download_bytes + run.upload_bytes
