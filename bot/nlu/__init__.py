"""Rasa components that understand Chinese as customers type it (B7)."""
