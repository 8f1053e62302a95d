"""RabbitMQ's addresses: what a URL means, and that no password gets into a text."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taipy_exec.config.broker_address import (
    BrokerAddress,
    parse_address,
    parse_addresses,
    redact,
)
from taipy_exec.errors import ConfigurationError

SECRET = "p@ss:w/rd%"


def parts(url: str) -> tuple[str, int, str, str, str, bool]:
    found = parse_address(url)
    return found.host, found.port, found.vhost, found.username, found.password, found.tls


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("amqp://", ("localhost", 5672, "/", "guest", "guest", False)),
        ("amqp://broker", ("broker", 5672, "/", "guest", "guest", False)),
        ("amqps://broker/", ("broker", 5671, "/", "guest", "guest", True)),
        ("AMQP://broker:99/jobs", ("broker", 99, "jobs", "guest", "guest", False)),
        ("amqp://ann@broker", ("broker", 5672, "/", "ann", "guest", False)),
        ("amqp://ann:@broker", ("broker", 5672, "/", "ann", "", False)),
        ("amqp://ann:1234@broker", ("broker", 5672, "/", "ann", "1234", False)),
        ("amqp://a%40b:c%2Fd@broker/%2F", ("broker", 5672, "/", "a@b", "c/d", False)),
        ("amqp://broker//", ("broker", 5672, "/", "guest", "guest", False)),
        ("amqp://a:b@rabbit_1.x-y:1/v%20w", ("rabbit_1.x-y", 1, "v w", "a", "b", False)),
        ("amqps://a:b@[::1]:7/v", ("::1", 7, "v", "a", "b", True)),
        ("  amqp://a:b%2Cc@broker ", ("broker", 5672, "/", "a", "b,c", False)),
    ],
)
def test_a_url_is_read_with_rabbitmqs_defaults(url: str, wanted: tuple[object, ...]) -> None:
    assert parts(url) == wanted


@pytest.mark.parametrize("vhost", ["", "/", "/jobs"])
@pytest.mark.parametrize("password", [SECRET, "a@b", "a/b", "a:b", "100%", "?#", "@@", "%", "[x]"])
def test_a_password_with_special_characters_works_encoded_and_as_it_is(
    password: str, vhost: str
) -> None:
    for written in (quote(password, safe=""), password):
        found = parse_address(f"amqp://ann:{written}@broker:5672{vhost}")
        assert (found.username, found.password, found.host) == ("ann", password, "broker")
        assert found.vhost == (vhost[1:] or "/")


@given(st.text(min_size=1).filter(lambda text: text.isprintable()), st.text(min_size=1))
def test_any_password_and_vhost_works_percent_encoded(password: str, vhost: str) -> None:
    url = f"amqp://ann:{quote(password, safe='')}@broker/{quote(vhost, safe='')}"
    (found,) = parse_addresses(url)
    assert (found.password, found.vhost) == (password, vhost)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ann:s3cret@broker", "does not begin with amqp"),
        ("http://ann:s3cret@broker", "does not begin with amqp"),
        ("amqp://ann:s3cret@broker:port", "does not end in HOST"),
        ("amqp://ann:s3cret@broker?heartbeat=1", "does not end in HOST"),
        ("amqp://ann:s3cret@broker:0", "port"),
        ("amqp://ann:s3cret@broker:70000", "port"),
        ("amqp://ann:x@s3cret/x@broker", "several ways"),
        ("amqp://ann:1/s3cret@broker", "several ways"),
        ("amqp://ann:s3cret%E9@broker", "UTF-8"),
        ("amqp://ann:s3c,ret@broker", "commas"),
        ("amqp://ann:1,s3cret@broker", "commas"),
        ("amqp://ann:ENV[s3cret]@broker", "ENV"),
        ("amqp://ann:s3cret", "does not end in HOST"),
        (" , ", "empty"),
    ],
)
def test_a_wrong_url_is_refused_with_a_sentence_that_holds_no_password(
    url: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        parse_addresses(url)
    error = caught.value
    assert error.hint
    for text in (str(error), error.hint, repr(error)):
        assert "s3cret" not in text and "s3c" not in text and "ret@" not in text
    assert error.__cause__ is None


def test_what_must_be_percent_encoded_is_told() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_addresses("amqp://ann:a,b@broker")
    assert caught.value.hint is not None and "comma is %2C" in caught.value.hint


def test_several_addresses_come_from_a_text_with_commas_or_a_list() -> None:
    wanted = [("one", 5672), ("two", 5671), ("three", 5672)]
    text = "amqp://one, amqps://two,,amqp://three,"
    for several in (text, ["amqp://one", "amqps://two,amqp://three"], tuple(text.split(","))):
        assert [(a.host, a.port) for a in parse_addresses(several)] == wanted
    with pytest.raises(ConfigurationError, match="not a text"):
        parse_addresses(["amqp://one", 5])  # type: ignore[list-item]
    with pytest.raises(ConfigurationError, match="empty"):
        parse_addresses([])


def test_no_text_of_an_address_shows_its_password() -> None:
    address = parse_address(f"amqps://a%40b:{quote(SECRET, safe='')}@broker/v%2Fw")
    assert address.redacted == "amqps://a%40b:***@broker:5671/v%2Fw"
    assert parse_address("amqp://[::1]").redacted == "amqp://guest:***@[::1]:5672/"
    for text in (repr(address), str(address), f"{address}"):
        assert SECRET not in text and "broker" in text


def test_redacting_finds_a_password_in_every_encoding() -> None:
    addresses = [BrokerAddress(password=SECRET), BrokerAddress(password="pässword")]
    for form in (SECRET, quote(SECRET), quote(SECRET, safe=""), "p%40ss:w%2frd%25", "p@ss:w%2Frd%"):
        assert redact(f"login with {form} failed", addresses) == "login with *** failed"
    assert redact("pässword p%c3%a4ssword p%C3%A4ssword", addresses) == "*** *** ***"


def test_redacting_finds_the_password_of_any_url() -> None:
    text = "tried amqp://ann:other@one:1/v and amqps://bob:a@b/c@two, amqp://three/ for x@y"
    assert (
        redact(text)
        == "tried amqp://ann:***@one:1/v and amqps://bob:***@two, amqp://three/ for x@y"
    )
    assert redact("amqp://a:b@one,amqp://c:d@two") == "amqp://a:***@one,amqp://c:***@two"


def test_redacting_leaves_guest_and_empty_passwords_alone() -> None:
    text = "guest is refused from elsewhere"
    assert redact(text, [BrokerAddress(), BrokerAddress(password="")]) == text


def test_a_password_that_holds_another_is_replaced_whole() -> None:
    addresses = [BrokerAddress(password="abc"), BrokerAddress(password="abcdef")]
    assert redact("abcdef abc", addresses) == "*** ***"
