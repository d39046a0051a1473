"""Loops around the use cases."""
