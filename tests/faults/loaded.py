"""The content, read once in the process that servers are forked from; nobody else imports this."""

from bot.bootstrap import load_content

CONTENT = load_content()
