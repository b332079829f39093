"""Flower apps: tuned as they are, metered while they run, and told the answer."""
