"""YAML that staff edit, read so that every complaint about it can name the line."""

from pathlib import Path
from typing import Any

import yaml

from bot.adapters.content_files import FastLoader, read_yaml
from bot.domain.errors import ContentError

Key = str | int


class YamlFile:
    """A file's content, and where in it things stand.

    Raises:
        ContentError: it is missing, no YAML, or says the same key twice.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self.content: Any = read_yaml(path)
        self._root = yaml.compose(path.read_text(encoding="utf-8"), FastLoader)
        self._refuse_twins(self._root)

    def wrong(self, place: tuple[Key, ...], what: str) -> ContentError:
        """The error for a mistake at a place, given as the keys that lead to it."""
        path = " → ".join(str(key + 1 if isinstance(key, int) else key) for key in place)
        return ContentError(f"{self._name} 第 {self._line(place)} 行{f'（{path}）' if path else ''}：{what}")

    def mapping(self, place: tuple[Key, ...], allowed: set[str] | None = None) -> dict[str, Any]:
        """The mapping at a place; with none but the allowed keys.

        Raises:
            ContentError: there is no mapping, or it has other keys.
        """
        value = self.at(place)
        if not isinstance(value, dict):
            raise self.wrong(place, "这里应是“名称: 值”，每项一行")
        for key in value:
            if not isinstance(key, str) or (allowed is not None and key not in allowed):
                cure = f"可以写 {'、'.join(sorted(allowed))}" if allowed else "请加上引号"
                raise self.wrong((*place, key), f"不认识 {key}，{cure}")
        return value

    def listed(self, place: tuple[Key, ...]) -> list[Any]:
        """The list at a place.

        Raises:
            ContentError: there is none.
        """
        value = self.at(place)
        if not isinstance(value, list):
            raise self.wrong(place, "这里应是列表，写成 [甲, 乙] 或每行一条“- ”")
        return value

    def text(self, place: tuple[Key, ...]) -> str:
        """The text at a place.

        Raises:
            ContentError: there is none.
        """
        value = self.at(place)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(place, f"{place[-1]} 没有写，或不是文字：请补上，像数字或日期的要加引号")
        return value.strip()

    def at(self, place: tuple[Key, ...]) -> Any:
        """What stands at a place; None where nothing does."""
        value = self.content
        for key in place:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list) and isinstance(key, int) and key < len(value):
                value = value[key]
            else:
                return None
        return value

    def _line(self, place: tuple[Key, ...]) -> int:
        """The line of a place, or of what is nearest around it."""
        if self._root is None:
            return 1
        node, line = self._root, self._root.start_mark.line
        for key in place:
            if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
                node = node.value[key]
                line = node.start_mark.line
            elif isinstance(node, yaml.MappingNode):
                pair = next(((name, value) for name, value in node.value if name.value == str(key)), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line, pair[1]
            else:
                break
        return line + 1

    def _refuse_twins(self, node: yaml.Node | None) -> None:
        """Of two equal keys YAML would silently take the last."""
        if isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._refuse_twins(item)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise ContentError(
                        f"{self._name} 第 {key.start_mark.line + 1} 行：{key.value} 已经写过，请合并或删去一处"
                    )
                seen.add(key.value)
                self._refuse_twins(value)
