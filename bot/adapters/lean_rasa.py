"""Rasa without TensorFlow, for a process that answers.

Rasa's modules import TensorFlow for classifiers and policies that our pipeline has not: 390 MB of memory and half of
the start. Where it is not there already, they get names that stand for nothing, and the first real use says so.
"""

import sys
from abc import ABCMeta
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from bot.domain.errors import EngineFailure

PACKAGES = ("tensorflow", "keras")


class _Nothing(ABCMeta):
    """What a name of TensorFlow stands for: a class to inherit from, a decorator, a type in an annotation."""

    def __getattr__(cls, name: str) -> Any:
        return _named(cls, name)

    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        """While a module is imported, a decorator or a constant; a class of Rasa's own would now be used."""
        if not cls.__dict__.get("_is_nothing"):
            raise EngineFailure(
                f"{cls.__module__}.{cls.__name__} 需要 TensorFlow，而对话服务启动时没有装入它："
                "请从 config.yml 里去掉用到它的组件"
            )
        return _nothing(cls.__name__)


def _named(owner: Any, name: str) -> Any:
    """What stands for a name of a module or a class, the same each time; Python's own names stand for themselves."""
    if name.startswith("__"):
        raise AttributeError(name)
    made = _nothing(name)
    setattr(owner, name, made)
    return made


def _nothing(name: str) -> Any:
    return _Nothing(name, (), {"_is_nothing": True})


class _Module(ModuleType):
    """A module all of whose names stand for nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        return _named(self, name)


class _Finder(MetaPathFinder, Loader):
    """Finds such modules in place of TensorFlow's."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """One for every module of the packages."""
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in PACKAGES else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty one."""
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it to run."""


@contextmanager
def without_tensorflow() -> Iterator[None]:
    """While this lasts, Rasa's modules are imported without it; who imports it later gets the real one.

    Nothing changes in a process that has imported it already, such as one that has trained.
    """
    if any(package in sys.modules for package in PACKAGES):
        yield
        return
    _look_for_it_in_vain()
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Module)]:
            del sys.modules[name]


def _look_for_it_in_vain() -> None:
    """spaCy uses it where it finds it, and must not find a name that stands for nothing."""
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # Python's own sign that there is none
    try:
        import thinc.compat  # noqa: F401
    finally:
        del sys.modules["tensorflow"]
