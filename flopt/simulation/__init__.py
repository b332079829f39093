"""Federated training in torch."""
