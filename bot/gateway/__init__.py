"""The HTTP side of Anfu: what the widget, the staff and the operator talk to."""
