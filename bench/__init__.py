"""Measurements: Anfu and stock Rasa in the same run. `python -m bench --help`."""
