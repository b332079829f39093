"""The version of flopt, in one place."""

__version__ = "0.1.0"
