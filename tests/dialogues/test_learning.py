"""A question that no article answers goes to colleagues; taught by them, the bot answers it at its next start (A11)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.engine import RasaEngine
from bot.adapters.repositories import QuestionRows
from bot.bootstrap import build, use
from bot.commands.model import ensure_model, start_engine
from bot.domain.message import Message
from bot.domain.questions import Question
from bot.services.turns import Turns
from bot.settings import Settings
from tests.dialogues.test_dialogues import Clock, Conversation, World, source_id

HONEY = "你家卖的蜂蜜是几度波美的"
TRAINING = "配送时间能选吗"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RasaEngine]:
    """The engine that all stories here talk to."""
    engine = start_engine(ensure_model(Settings(data_dir=tmp_path_factory.mktemp("engine"))))
    yield engine
    engine.stop()


def start(data_dir: Path, engine: RasaEngine) -> World:
    """What `anfu serve` does when it starts: reads the articles of now."""
    clock = Clock()
    anfu = build(Settings(data_dir=data_dir), clock)
    use(anfu)
    return World(
        clock, anfu, engine, Turns(anfu.uow, engine, anfu.handoff, anfu.scripts, anfu.clock, queueing=anfu.queueing)
    )


@pytest.fixture
def world(tmp_path: Path, engine: RasaEngine) -> World:
    """A running Anfu that nobody has taught anything."""
    return start(tmp_path, engine)


def sources(answer: list[Message]) -> list[str]:
    return [source_id(message) for message in answer]


def open_questions(world: World) -> list[Question]:
    return QuestionRows(world.anfu.database.begin).open()


def test_a_question_that_no_article_answers_is_put_before_colleagues_once(world: World) -> None:
    """A11, F3: the customer hears so, and may have a person or a call at once."""
    conversation = Conversation(world)
    [answer] = conversation.say(HONEY)
    assert source_id(answer) == "knowledge.none" and "同事" in answer.text
    assert [button.title for button in answer.buttons] == ["转人工", "给我回电话"]
    assert sources(conversation.say(HONEY))[0] == "handover.unanswered"
    [question] = open_questions(world)
    assert (question.conversation_id, question.text, question.offered) == (conversation.id, HONEY, ())
    assert question.intent.startswith("consult_")


def test_after_the_question_a_yes_brings_a_person(world: World) -> None:
    conversation = Conversation(world)
    conversation.say(HONEY)
    assert sources(conversation.say("好的")) == ["handover.accepted", "handover.next"]


def test_a_new_article_answers_next_time_and_so_does_a_wording_attached_to_it(world: World, engine: RasaEngine) -> None:
    for wording in (HONEY, "甜蜜蜜那款浓不浓稠"):
        assert sources(Conversation(world).say(wording)) == ["knowledge.none"]
    honey, thick = open_questions(world)
    world.anfu.learning.add(honey.id, "蜂蜜的浓度", "我们的蜂蜜是 42 度波美。", source="瓶身标签")
    world.anfu.learning.attach(thick.id, "learned-1")

    world = start(world.anfu.settings.data_dir, engine)
    for wording in (HONEY, "甜蜜蜜那款浓不浓稠"):
        [answer] = Conversation(world).say(wording)
        assert answer.text == "我们的蜂蜜是 42 度波美。\n（依据：瓶身标签）"
        assert source_id(answer) == "article:learned-1"
    assert open_questions(world) == []


def test_whoever_takes_one_of_the_choices_has_an_answer(world: World) -> None:
    """A8."""
    conversation = Conversation(world)
    [answer] = conversation.say(TRAINING)
    assert source_id(answer) == "knowledge.did_you_mean"
    [question] = open_questions(world)
    [chosen] = conversation.say(answer.buttons[0].payload)
    assert source_id(chosen) == f"article:{question.offered[0]}"
    assert open_questions(world) == []


def test_whoever_takes_none_of_the_choices_leaves_the_question_to_colleagues(world: World) -> None:
    """A8, F1."""
    conversation = Conversation(world)
    [answer] = conversation.say(TRAINING)
    assert answer.buttons[-1].title == "都不是"
    conversation.say(answer.buttons[-1].payload)
    assert [question.text for question in open_questions(world)] == [TRAINING]


@pytest.mark.parametrize("said", ["你好", "谢谢啦", "给我写首诗", "帮我订张机票", "怎么开发票", "我的洗衣机不脱水了"])
def test_small_talk_other_shops_matters_and_what_is_answered_open_no_question(world: World, said: str) -> None:
    Conversation(world).say(said)
    assert open_questions(world) == []
