"""Anfu 安服: a customer-service bot for Chinese companies."""

__version__ = "0.1.0"
