"""How well a plan learns: one module for each way of knowing."""
