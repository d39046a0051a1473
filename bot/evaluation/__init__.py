"""How well Anfu understands labelled messages: figures, harder spellings, stock Rasa beside it, a page."""
