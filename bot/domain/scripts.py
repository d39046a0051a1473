"""话术: choosing and rendering the reviewed sentences that the bot may say (A1-A15).

A script is a list of cases; the first whose conditions hold is said. Within a case the variants rotate, so that a
customer does not hear the same sentence twice in a row (A1).
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.domain.emotion import Level
from bot.domain.errors import ContentError
from bot.domain.message import Button, Reply
from bot.domain.wording import Forbidden, forbidden_in


@dataclass(frozen=True)
class Case:
    """Sentences for one situation: said from this emotion level up, and from this many earlier tellings up."""

    variants: tuple[str, ...]
    emotion: Level = Level.CALM
    repetition: int = 0


@dataclass(frozen=True)
class Script:
    """One key of the script book: its cases (most special first), buttons, variables, and the principles it carries.

    `version` is the file's number, or `r3` for the third revision that staff published.
    """

    id: str
    version: int | str
    principles: tuple[str, ...]
    cases: tuple[Case, ...]
    variables: frozenset[str] = frozenset()
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Variable:
    """What stands for a variable in the editor: its Chinese name, and an example for the preview."""

    name: str
    example: str


class ScriptBook:
    """All reviewed scripts, by id; those who hold the book say at once what is put into it."""

    def __init__(self, scripts: Iterable[Script], forbidden: Sequence[Forbidden] = ()) -> None:
        self.forbidden = tuple(forbidden)
        self.replace(scripts)

    def replace(self, scripts: Iterable[Script]) -> None:
        """Put these scripts in the place of all others, in one step: who renders meanwhile says the old or the new."""
        self._scripts = {script.id: script for script in scripts}

    def __iter__(self) -> Any:
        return iter(self._scripts.values())

    def __contains__(self, script_id: object) -> bool:
        return script_id in self._scripts

    def get(self, script_id: str) -> Script:
        """The script of that id.

        Raises:
            ContentError: there is none.
        """
        try:
            return self._scripts[script_id]
        except KeyError:
            raise ContentError(f"没有话术 {script_id}：请在 bot/content/scripts/ 中补写") from None

    def render(
        self,
        script_id: str,
        *,
        emotion: Level = Level.CALM,
        told: int = 0,
        seed: int = 0,
        rotation: int | None = None,
        buttons: Sequence[Button] = (),
        **values: str,
    ) -> Reply:
        """The sentence to say now, with its source.

        Args:
            script_id: which script.
            emotion: how the customer feels.
            told: how often this script was said in the conversation before.
            seed: where the rotation of variants starts, so that not every customer hears the same first sentence.
            rotation: which variant follows, where that is not told by `told`.
            buttons: quick replies in place of the script's own.
            values: the script's variables.

        Raises:
            ContentError: the script does not exist, a variable is missing, or the sentence would contain a 忌语 (A4).
        """
        script = self.get(script_id)
        if missing := script.variables - set(values):
            raise ContentError(f"话术 {script_id} 缺少变量：{'、'.join(sorted(missing))}")
        number, case = _case_for(script, emotion, told)
        variant = ((told - case.repetition if rotation is None else rotation) + seed) % len(case.variants)
        template = case.variants[variant]
        if found := forbidden_in(template, self.forbidden):
            raise ContentError(f"话术 {script_id} 含忌语“{found[0].phrase}”，请改为：{found[0].better}")
        source = {"kind": "script", "id": script_id, "version": script.version, "variant": f"{number}.{variant + 1}"}
        return Reply(template.format_map(values), source, tuple(buttons) or script.buttons)


def _case_for(script: Script, emotion: Level, told: int) -> tuple[int, Case]:
    for number, case in enumerate(script.cases, start=1):
        if emotion >= case.emotion and told >= case.repetition:
            return number, case
    raise ContentError(f"话术 {script.id} 没有通用的一条：最后一个 case 不要写 when")


def variables_of(template: str) -> set[str]:
    """The variable names in a sentence: `{number}` → {"number"}.

    Raises:
        ContentError: braces that do not pair, or hold more than a name.
    """
    try:
        fields = [field for field in string.Formatter().parse(template) if field[1] is not None]
    except ValueError as error:
        raise ContentError(f"花括号不成对：{template}") from error
    if any(layout or conversion for _, _, layout, conversion in fields):
        raise ContentError(f"花括号里只写变量名：{template}")
    return {name for _, name, _, _ in fields if name is not None}


def read_script(raw: Mapping[str, Any], version: int | str, where: str) -> Script:
    """A script from its YAML form.

    Raises:
        ContentError: a field is missing or wrong; `where` names the file.
    """
    try:
        script_id = raw["id"]
        cases = tuple(
            Case(
                variants=_sentences(case["say"], "say"),
                emotion=Level[str(case.get("when", {}).get("emotion", "calm")).upper()],
                repetition=int(case.get("when", {}).get("repetition", 0)),
            )
            for case in raw["cases"]
        )
        titles = _sentences([b["title"] for b in raw.get("buttons", ())], "title")
        payloads = _sentences([b.get("payload", b["title"]) for b in raw.get("buttons", ())], "payload")
        buttons = tuple(map(Button, titles, payloads))
        principles = _sentences(raw["principles"], "principles")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContentError(f"{where}：话术 {raw.get('id', '（无 id）')} 的字段 {error} 缺失或写错") from error
    if not cases or not all(case.variants for case in cases):
        raise ContentError(f"{where}：话术 {script_id} 至少要有一句 say")
    variables = frozenset(name for case in cases for text in case.variants for name in variables_of(text))
    return Script(script_id, version, principles, cases, variables, buttons)


def _sentences(values: Any, name: str) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(name)
    return tuple(values)


def script_body(script: Script) -> dict[str, Any]:
    """A script in its YAML form: `read_script` makes the same of it."""
    cases: list[dict[str, Any]] = []
    for case in script.cases:
        when: dict[str, Any] = {"emotion": case.emotion.label} if case.emotion > Level.CALM else {}
        when |= {"repetition": case.repetition} if case.repetition else {}
        cases.append({**({"when": when} if when else {}), "say": list(case.variants)})
    buttons = [{"title": button.title, "payload": button.payload} for button in script.buttons]
    body = {"id": script.id, "principles": list(script.principles), "cases": cases}
    return {**body, "buttons": buttons} if buttons else body
