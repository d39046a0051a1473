"""What tells of a person is sealed and comes back as it was; keys can change (E10)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from bot.adapters.sealing import PREFIX, Keyring, Marks, NoKey
from bot.adapters.tables.sealed import Found, Named, Sealed, SealedBytes, SealedJSON, Sealing, Terms

OLD, NEW = "an old key that is long enough to be one", "a new key that is long enough to be one"
TEXTS = st.text(min_size=1, max_size=300).filter(lambda text: max(text) < "\ud800" or min(text) > "\udfff")


def dialect(*keys: str):
    """The dialect of an engine that has these keys."""
    found = create_engine("sqlite://").dialect
    found.anfu_sealing = Sealing(Keyring(keys), Marks(b"m" * 32))
    return found


@given(TEXTS)
def test_any_text_comes_back_as_it_was_and_its_words_do_not_show(text: str) -> None:
    ours = dialect(NEW)
    for kind in (Sealed(), Sealed(same=True), Found(), Named()):
        sealed = kind.process_bind_param(text, ours)
        assert kind.process_result_value(sealed, ours) == text
        assert len(text) < 4 or text not in sealed


@given(st.binary(max_size=300), st.dictionaries(TEXTS, TEXTS, max_size=5))
def test_bytes_and_json_come_back_as_they_were(state: bytes, facts: dict[str, str]) -> None:
    ours = dialect(NEW)
    assert SealedBytes().process_result_value(SealedBytes().process_bind_param(state, ours), ours) == state
    sealed = json.loads(json.dumps(SealedJSON().process_bind_param(facts, ours)))
    assert SealedJSON().process_result_value(sealed, ours) == facts


@given(TEXTS)
def test_what_an_old_key_has_sealed_is_opened_until_the_key_is_taken_away(text: str) -> None:
    sealed = Keyring([OLD]).seal_text(text)
    assert Keyring([NEW, OLD]).open_text(sealed) == text
    with pytest.raises(NoKey, match="ANFU_DATA_KEYS"):
        Keyring([NEW]).open_text(sealed)


def test_what_was_stored_before_there_were_keys_is_read_as_it_is() -> None:
    ours = dialect(NEW)
    assert Sealed().process_result_value("住在文三路", ours) == "住在文三路"
    assert Found().process_result_value("13800138000", ours) == "13800138000"
    assert SealedJSON().process_result_value({"phone": "1"}, ours) == {"phone": "1"}
    assert SealedBytes().process_result_value(b'{"slots": {}}', ours) == b'{"slots": {}}'


def test_two_same_texts_look_different_unless_they_have_to_be_the_same() -> None:
    ours = dialect(NEW)
    assert Sealed().process_bind_param("张三", ours) != Sealed().process_bind_param("张三", ours)
    assert Sealed(same=True).process_bind_param("张三", ours) == Sealed(same=True).process_bind_param("张三", ours)


def test_a_sealed_value_that_somebody_has_changed_is_refused() -> None:
    sealed = Keyring([NEW]).seal("浙江省".encode())
    with pytest.raises(NoKey, match="改动"):
        Keyring([NEW]).open(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_marks_tell_nothing_without_their_key_and_stay_when_the_others_change() -> None:
    first, later = dialect(OLD), dialect(NEW, OLD)
    mark = Found().process_bind_param("13800138000", first).partition(PREFIX)[0]
    assert Found().process_bind_param("13800138000", later).startswith(mark)
    assert Marks(b"n" * 32).of("value", "13800138000", 32) != mark


def test_search_words_are_digests_in_the_same_places() -> None:
    terms = Terms().process_bind_param(["洗衣", "衣机", "洗衣"], dialect(NEW)).split()
    assert terms[0] == terms[2] != terms[1]
    assert not any("洗" in term for term in terms)


@pytest.mark.parametrize("keys", [[], ["short"], ["a" * 40, ""]])
def test_a_key_that_cannot_be_one_is_refused_with_what_to_do(keys: list[str]) -> None:
    with pytest.raises(NoKey, match="anfu keys new"):
        Keyring(keys)


def test_without_keys_nothing_personal_is_stored() -> None:
    plain = create_engine("sqlite://").dialect
    with pytest.raises(NoKey):
        Sealed().process_bind_param("住在文三路", plain)
