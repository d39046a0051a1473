"""An ordinary Rasa project for the same dialogues."""
