"""Handwritten digits, learned by Flower clients."""
