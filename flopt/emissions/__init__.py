"""The price of a plan: energy and CO2e of a fleet, before, during and long after training."""
