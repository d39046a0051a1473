"""What service staff say of channels: their names, how long to wait, what menus mean, and what else can be done."""

from collections.abc import Mapping
from dataclasses import dataclass

WEBSITE = "web"
"""The channel that is our own: nobody else counts or drops what goes there."""


@dataclass(frozen=True)
class Way:
    """What an agent may do where nothing can be sent.

    Attributes:
        id: what the desk does: `ask` copies `text`, `callback` opens a ticket, `task` gives one to `department`.
        text: the sentence that goes to the customer by other means; empty where there is none.
        department: who gets the task; empty where there is none.
    """

    id: str
    name: str
    text: str = ""
    department: str = ""


@dataclass(frozen=True)
class ChannelContent:
    """What `content/channels.yml` holds.

    Attributes:
        names: of the channels, for people.
        quiet_seconds: how long a channel waits for a further bubble before the bot answers (A1).
        menu: what a customer says by clicking an entry of the menu (its key → their words).
        ways: what is offered where nothing can be sent (W2, W3).
    """

    names: Mapping[str, str]
    quiet_seconds: Mapping[str, float]
    menu: Mapping[str, str]
    ways: tuple[Way, ...]

    def name_of(self, channel: str) -> str:
        """The channel's name, else how it is stored."""
        return self.names.get(channel, channel)
