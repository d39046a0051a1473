"""常用语: sentences that agents keep at hand, with places to fill in; ours, the team's, one's own (A4, A11)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain.actor import Role
from bot.domain.errors import ContentError, InvalidInput, NotAllowed
from bot.domain.person import Person
from bot.domain.scripts import variables_of
from bot.domain.wording import Forbidden, forbidden_in

VARIABLES: Mapping[str, str] = {
    "customer": "客户称呼",
    "agent": "客服名字",
    "ticket": "工单号",
    "promise": "答应的时间",
    "product": "产品",
    "order": "订单号",
}
"""What may stand in braces, and what it is called."""
LONGEST_TITLE, LONGEST_TEXT = 40, 1000
OWN_TOPIC = "own"
"""Where replies stand that nobody has sorted."""

_SHORTCUT = re.compile(r"/[0-9a-z一-龥]{1,20}")


class Sharing(StrEnum):
    """Who sees a reply. `SHIPPED` ones come with us, for everybody, and are read only."""

    OWN = "own"
    TEAM = "team"
    EVERYBODY = "everybody"
    SHIPPED = "shipped"


@dataclass(frozen=True)
class Topic:
    """What replies are about; `words` in a customer's message call for it."""

    id: str
    name: str
    words: tuple[str, ...] = ()

    def is_meant(self, text: str) -> bool:
        """Whether a message is about it."""
        return any(word in text for word in self.words)


@dataclass(frozen=True)
class Canned:
    """A reply kept at hand.

    Attributes:
        text: with names of `VARIABLES` in braces.
        shortcut: `/xx`, which brings it up where one writes; None where it has none.
        owner: who wrote it; empty for shipped ones.
        team: whose it is, where the team shares it.
        requirement: what of the service standard it carries; empty where nobody has said.
        is_removed: it is gone from the lists; the trail keeps what it said.
    """

    id: str
    title: str
    text: str
    topic: str
    shortcut: str | None
    sharing: Sharing
    owner: str
    team: str
    requirement: str = ""
    is_removed: bool = False
    version: int = 0

    @property
    def variables(self) -> set[str]:
        """What has to be filled in."""
        return variables_of(self.text)

    def is_seen_by(self, person: Person) -> bool:
        """Whether it stands in a person's list."""
        if self.is_removed:
            return False
        if self.sharing is Sharing.OWN:
            return self.owner == person.name
        return self.sharing is not Sharing.TEAM or self.team == person.team

    def require_editable(self, person: Person) -> None:
        """One's own are for oneself to change; shared ones for supervisors (A11).

        Raises:
            NotAllowed: it comes with us, it is somebody else's, or it is shared and the person is no supervisor.
        """
        if self.sharing is Sharing.SHIPPED:
            raise NotAllowed("随系统带的常用语只能看，想改请另存一条自己的")
        if self.sharing is Sharing.OWN and self.owner != person.name:
            raise NotAllowed("这是别人自己的常用语，请另写一条")
        if self.sharing is not Sharing.OWN:
            require_may_share(person)

    def matches(self, words: str) -> bool:
        """Whether a search finds it: each word in title, text or shortcut."""
        hay = f"{self.title}\n{self.text}\n{self.shortcut or ''}".lower()
        return all(word in hay for word in words.lower().split())

    def filled(self, values: Mapping[str, str]) -> str | None:
        """The sentence with its places filled in; None where something is not known."""
        return None if self.variables - set(values) else self.text.format_map(values)


def require_may_share(person: Person) -> None:
    """What others will say is read by a supervisor first (A11).

    Raises:
        NotAllowed: the person is none.
    """
    if not person.actor.reaches(Role.SUPERVISOR):
        raise NotAllowed("分享给别人的常用语由主管来存，请先存成自己的，再请主管分享")


def checked(canned: Canned, forbidden: Sequence[Forbidden], topics: Collection[str]) -> Canned:
    """The reply, trimmed, once it can be said to customers.

    Raises:
        InvalidInput: no title or text, too long, an unknown variable, topic or shortcut, or a 忌语 (A4).
    """
    canned = replace(canned, title=canned.title.strip(), text=canned.text.strip(), shortcut=canned.shortcut or None)
    if not canned.title or not canned.text:
        raise InvalidInput("常用语要有标题和内容，请都写上")
    if len(canned.title) > LONGEST_TITLE or len(canned.text) > LONGEST_TEXT:
        raise InvalidInput(f"标题最多 {LONGEST_TITLE} 字，内容最多 {LONGEST_TEXT} 字，请写短一些")
    if canned.topic not in {*topics, OWN_TOPIC}:
        raise InvalidInput(f"没有“{canned.topic}”这个分类，可以用：{'、'.join([*topics, OWN_TOPIC])}")
    if canned.shortcut and not _SHORTCUT.fullmatch(canned.shortcut):
        raise InvalidInput("快捷码以 / 开头，后面是 1 到 20 个小写字母、数字或汉字，例如 /hi")
    try:
        unknown = canned.variables - set(VARIABLES)
    except ContentError as error:
        raise InvalidInput(str(error)) from error
    if unknown:
        known = "、".join(f"{{{name}}} {told}" for name, told in VARIABLES.items())
        raise InvalidInput(f"不认识的变量 {'、'.join(sorted(unknown))}，可以用：{known}")
    if found := forbidden_in(canned.text, forbidden):
        raise InvalidInput(f"“{found[0].phrase}”是忌语（{found[0].why}），可以改说：{found[0].better}")
    return canned
