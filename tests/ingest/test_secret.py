"""Keys: to be sent once, and to be seen nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest

from obcore.ingest.feed import Feed
from obcore.ingest.secret import Secret
from obcore.ingest.venues import VENUES, relay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from obcore.ingest.venue import Venue

KEY = "hunter2-s3cr3t"


@pytest.fixture
def secret() -> Secret:
    return Secret(KEY)


@pytest.fixture
def house(secret: Secret) -> Venue:
    return relay("house", "wss://relay.example", key=secret)


# ---- Shown --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "show", [repr, str, format, "{}".format, "{!r}".format, lambda it: f"{it}", ascii]
)
def test_every_way_to_print_a_secret_hides_it(
    show: Callable[[object], str], secret: Secret
) -> None:
    assert show(secret) == "<secret>"


def test_a_secret_inside_of_something_is_hidden_too(secret: Secret) -> None:
    assert repr([secret, {"key": secret}]) == "[<secret>, {'key': <secret>}]"


def test_a_secret_that_is_logged_is_hidden(
    secret: Secret, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("the key is %s, %r", secret, secret)

    assert caplog.messages == ["the key is <secret>, <secret>"]


def test_only_to_reveal_it_gives_the_text(secret: Secret) -> None:
    assert secret.reveal() == KEY


def test_a_secret_has_no_dictionary_to_look_into(secret: Secret) -> None:
    with pytest.raises(TypeError):
        vars(secret)


# ---- Taken away ---------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_does_not_leave_the_process(
    copied: Callable[[object], Any], secret: Secret
) -> None:
    with pytest.raises(TypeError) as raised:
        copied(secret)

    assert KEY not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_no_protocol_pickles_a_secret(protocol: int, secret: Secret) -> None:
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps({"key": secret}, protocol)


def test_a_venue_with_a_key_does_not_become_a_dictionary(house: Venue) -> None:
    with pytest.raises(TypeError, match="not to be pickled"):
        asdict(house)


# ---- Where it comes from ------------------------------------------------------------------


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBCORE_TEST_KEY", f"  {KEY}\n")

    found = Secret.from_environment("OBCORE_TEST_KEY")

    assert found is not None
    assert found.reveal() == KEY


@pytest.mark.parametrize("content", [None, "", "  \n"])
def test_there_is_none_where_the_environment_has_none(
    content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OBCORE_TEST_KEY", raising=False)
    if content is not None:
        monkeypatch.setenv("OBCORE_TEST_KEY", content)

    assert Secret.from_environment("OBCORE_TEST_KEY") is None


def test_a_secret_comes_from_a_file_without_the_space_around_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"\n{KEY} \r\n", encoding="utf-8")

    assert Secret.from_file(path).reveal() == KEY
    assert Secret.from_file(str(path)).reveal() == KEY


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no-key-here"):
        Secret.from_file(tmp_path / "no-key-here")


# ---- In a venue ---------------------------------------------------------------------------


def test_a_relay_shows_its_address_and_not_its_key(house: Venue) -> None:
    shown = repr(house)

    assert "wss://relay.example" in shown
    assert "<secret>" in shown
    assert KEY not in shown


def test_any_venue_with_a_key_hides_it(secret: Secret) -> None:
    for venue in VENUES.values():
        assert KEY not in repr(replace(venue, key=secret))


def test_the_key_is_in_the_login_and_in_no_other_message(house: Venue, secret: Secret) -> None:
    assert house.login is not None

    assert json.loads(house.login(secret)) == {"type": "authenticate", "api_key": KEY}

    feed = Feed("house:BTC", venues={"house": house})
    said = [*house.subscribe([], 1), *house.unsubscribe([], 1), repr(house.headers(secret))]
    assert not [text for text in [*said, repr(feed), repr(vars(feed))] if KEY in text]


def test_a_relay_without_a_key_has_no_login() -> None:
    assert relay("house", "wss://relay.example").login is None


def test_an_error_about_a_venue_does_not_tell_its_key(house: Venue) -> None:
    with pytest.raises(ValueError, match="house") as raised:
        Feed("home:BTC", venues={"house": house})
    with pytest.raises(TypeError) as typed:
        replace(house, no_such_field=1)  # type: ignore[call-arg]

    for error in (raised.value, typed.value):
        assert KEY not in "".join(traceback.format_exception(error))
