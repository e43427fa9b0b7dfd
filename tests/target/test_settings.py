"""Settings: sources and their precedence, strict keys, contradictions, and what is shown of them."""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.target import Settings, SettingsError, load_settings
from conformance.target.options import OPTIONS

URL = "http://127.0.0.1:3000"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test works in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sentence(cli: dict[str, Any] | None = None, env: dict[str, str] | None = None, path: str | None = None) -> str:
    """The sentence of the refusal."""
    with pytest.raises(SettingsError) as caught:
        load_settings(cli or {}, env or {}, path)
    assert caught.value.exit_code == 2
    assert caught.value.sentence == str(caught.value)
    return caught.value.sentence


SAMPLES: dict[str, tuple[str, Any, str, Any]] = {
    "level": ("quick", "quick", "deep", "deep"),
    "seed": ("7", 7, "8", 8),
    "workers": ("2", 2, "3", 3),
    "max-rate": ("5/s", 5.0, "60/m", 1.0),
    "max-time": ("10m", 600.0, "90s", 90.0),
    "only": ("rooms,LC-ROOM-001", ("rooms", "LC-ROOM-001"), "users", ("users",)),
    "report": ("out", "out", "other", "other"),
    "contract": ("documented", "documented", "auto", "auto"),
    "timeout": ("5s", 5.0, "6", 6.0),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_command_line_wins_over_the_environment_and_that_over_the_file(name: str, elsewhere: Path) -> None:
    """Precedence is command line, environment, file, default, for every kind of option."""
    high, high_value, low, low_value = SAMPLES[name]
    option = next(each for each in OPTIONS if each.name == name)
    (elsewhere / "livechat-conformance.toml").write_text(f'url = "{URL}"\n{name} = "{low}"\n')
    default = getattr(Settings(), option.field)
    assert getattr(load_settings(), option.field) == low_value
    assert getattr(load_settings({}, {option.env: high}), option.field) == high_value
    assert getattr(load_settings({name: low}, {option.env: high}), option.field) == low_value
    (elsewhere / "livechat-conformance.toml").unlink()
    assert getattr(load_settings({name: high}, {option.env: low}), option.field) == high_value
    assert name == "seed" or getattr(load_settings(), option.field) == default


def test_every_option_is_read_from_every_source(elsewhere: Path) -> None:
    """No option is known to one source only."""
    (elsewhere / "a.toml").write_text("strict = true\nread_only = true\nfail-fast = true\n")
    found = load_settings({}, {}, "a.toml")
    assert found.strict
    assert found.read_only
    assert found.fail_fast
    assert (
        load_settings({}, {"LIVECHAT_CONFORMANCE_CONFIG": "a.toml", "LIVECHAT_CONFORMANCE_STRICT": "no"}).strict
        is False
    )


def test_an_unknown_option_is_refused_with_the_nearest_known_one(elsewhere: Path) -> None:
    """A typo never goes unnoticed, wherever it stands."""
    (elsewhere / "livechat-conformance.toml").write_text("maxrate = 3\n")
    assert 'Did you mean "max-rate"' in sentence()
    (elsewhere / "livechat-conformance.toml").unlink()
    assert 'Did you mean "--level"' in sentence({"levle": "quick"})
    text = sentence({}, {"LIVECHAT_CONFORMANCE_ADMIN_PASWORD": "x"})
    assert 'Did you mean "LIVECHAT_CONFORMANCE_ADMIN_PASSWORD"' in text


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("127.0.0.1:3000", "give http://127.0.0.1:3000"),
        ("chat.example.com", "give http://chat.example.com or https://chat.example.com"),
        ("http://a.example/api/v1", "give http://a.example."),
        ("http://a.example:1/?x=1", "give http://a.example:1."),
        ("ftp://a.example", "only http and https"),
        ("http://", "names no host"),
        ("http://user:pw@a.example", "credentials"),
        ("http://a.example:99999", "is not a URL"),
        ("http://a b", "space"),
        ("http://[::1", "is not a URL"),
        ("http://" + "a" * 70 + ".example", "cannot exist"),
        ("http://☃.net", "cannot exist"),
        ("http://ａ.localhost:9", "cannot exist"),
        ("http://２:9", "cannot exist"),
        ("http://١٢٣a:9", "cannot exist"),
        ("http://xn--zzzzzzzz", "cannot exist"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_with_what_to_give(url: str, part: str) -> None:
    """A URL with a path, without scheme, with credentials and so on: a sentence with the next step."""
    assert part in sentence({"url": url})


@pytest.mark.parametrize(
    ("url", "kept"),
    [(URL + "/", URL), ("HTTP://LocalHost:80", "http://localhost:80"), ("https://[::1]:3000", "https://[::1]:3000")],
)
def test_a_root_url_is_kept_without_its_slash(url: str, kept: str) -> None:
    """Scheme and host become lower case, the slash at the end goes."""
    assert load_settings({"url": url}).url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://admin:hunter2@a.example",
        "admin:hunter2@a.example",
        "//admin:hunter2@a.example",
        "ftp://admin:hunter2@a.example",
        "http://admin:hunter2@a.example:bad",
        "http://admin:hun/ter2@a.example",
        "http://admin:hun ter2@a.example",
        "http://admin:hunter2\0@a.example",
        "http://[admin:hunter2@a.example",
    ],
)
def test_credentials_in_a_url_are_not_repeated(url: str) -> None:
    """The refusal of a URL with credentials does not print them, whatever else is wrong with it."""
    for refusal in (sentence({"url": url}), sentence(env={"LIVECHAT_CONFORMANCE_URL": url})):
        assert "has credentials in it" in refusal
        assert not any(part in refusal for part in ("admin:", "hun", "ter2", "a.example"))


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"admin_user": "a"}, "ADMIN_PASSWORD"),
        ({"admin_password": "a"}, "--admin-user"),
        ({"admin_token": "a"}, "--admin-id"),
        ({"admin_id": "a"}, "ADMIN_TOKEN"),
        ({"admin_user": "a", "admin_password": "b", "admin_token": "c", "admin_id": "d"}, "contradict"),
        ({"read_only": True, "disposable": True}, "contradict"),
        ({"insecure": True, "ca": "x.pem", "url": "https://a.example"}, "contradict"),
        ({"insecure": True, "url": URL}, "not https"),
        ({"only": ("rooms",), "skip": ("rooms",)}, "rooms stands in both"),
        ({"profile": "manager", "url": URL}, "needs admin credentials"),
        ({"level": "fast"}, "one of quick, standard, deep"),
        ({"workers": "0"}, "from 1 to 64"),
        ({"seed": "-1"}, "whole number"),
        ({"max_time": "soon"}, "90s, 10m or 1h"),
        ({"max_rate": "0"}, "5/s or 60/m"),
        ({"without": ("smss",)}, 'Did you mean "sms"'),
        ({"report": "a\x00b"}, "control characters"),
    ],
)
def test_contradictions_and_ill_formed_values_are_refused(given: dict[str, Any], part: str) -> None:
    """Each refusal says what is wrong and what to do."""
    assert part in sentence({"url": URL, **given} if "admin_user" in given or "admin_token" in given else given)


def test_admin_credentials_without_a_url_are_refused() -> None:
    """Somebody who gives credentials means a server of his own."""
    assert "no URL" in sentence({"admin_user": "a", "admin_password": "b"})


def test_one_source_may_log_in_otherwise_than_a_lower_one(elsewhere: Path) -> None:
    """A token on the command line replaces user and password of the file as a whole."""
    (elsewhere / "livechat-conformance.toml").write_text(f'url = "{URL}"\nadmin-user = "a"\nadmin-password = "b"\n')
    found = load_settings({"admin_token": "t" * 10, "admin_id": "i"})
    assert (found.admin_user, found.admin_password, found.admin_token) == (None, None, "t" * 10)


def test_a_password_is_asked_for_only_where_a_user_has_none() -> None:
    """At a terminal the password never has to stand in a command line."""
    asked: list[str] = []

    def prompt(question: str) -> str:
        asked.append(question)
        return "s3cret-word"

    found = load_settings({"url": URL, "admin_user": "root"}, {}, prompt=prompt)
    assert found.admin_password == "s3cret-word"
    assert len(asked) == 1
    load_settings({"url": URL}, {}, prompt=prompt)
    assert len(asked) == 1


def test_secrets_are_shown_nowhere() -> None:
    """Neither the redacted view, nor the text for workers, nor the representation holds a secret."""
    found = load_settings({"url": URL, "admin_user": "root"}, {"LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": "s3cret-word"})
    assert found.redacted()["admin-password"] == "{{password:admin}}"
    for text in (repr(found), found.to_json(), json.dumps(found.redacted()), json.dumps(found.origins)):
        assert "s3cret-word" not in text


def test_a_worker_gets_the_same_settings() -> None:
    """The round trip through text and environment changes nothing."""
    given = {"url": URL, "admin_user": "root", "only": ("rooms",), "max_rate": "3/s", "seed": 5, "without": "sms"}
    found = load_settings(given, {"LIVECHAT_CONFORMANCE_ADMIN_PASSWORD": "s3cret-word"})
    assert Settings.from_json(found.to_json(), found.secrets_env()) == found
    with pytest.raises(SettingsError):
        Settings.from_json('{"nonsense": 1}', {})


def test_a_worker_sends_its_secrets_to_no_other_server(elsewhere: Path) -> None:
    """Whoever rewrites the file of the settings does not learn the password."""
    given = {"url": URL, "admin_user": "root", "admin_password": "s3cret-word"}
    found = load_settings(given)
    for changed in ('"http://127.0.0.1:666"', "null", '["x"]'):
        text = found.to_json().replace(f'"{URL}"', changed, 1)
        with pytest.raises(SettingsError, match="another server"):
            Settings.from_json(text, found.secrets_env())
    assert load_settings(given, found.secrets_env()).url == URL


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"level = ", "not TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[admin]\nuser = 'a'\n", "no option"),
        (b"seed = 1.5\n", "whole number"),
        (b"max-rate = 1\nmax_rate = 2\n", "twice"),
        (b"x = " + b"[" * 5000 + b"]" * 5000, "nested"),
        (b"strict = 'perhaps'\n", "true or false"),
    ],
)
def test_a_faulty_file_is_refused_with_its_name(content: bytes, part: str, elsewhere: Path) -> None:
    """Syntax, encoding, keys and types of the file are checked."""
    (elsewhere / "f.toml").write_bytes(content)
    text = sentence(path="f.toml")
    assert part in text
    assert "f.toml" in text


def test_a_missing_or_unreadable_file_is_refused(elsewhere: Path) -> None:
    """A file that was named has to be there and has to be a file."""
    assert "does not exist" in sentence(path="none.toml")
    assert "cannot be read" in sentence(path=str(elsewhere))


def test_loopback_is_told_from_other_hosts() -> None:
    """Only this very machine counts as ours without being declared disposable."""
    for url in ("http://127.0.0.1:1", "http://localhost", "http://[::1]:2", "http://127.8.9.1"):
        assert Settings(url=url).may_write
    for url in ("http://10.0.0.1", "https://chat.example.com", "http://localhost.example.com", "http://0x7f.example"):
        assert not Settings(url=url).may_write
        assert Settings(url=url, disposable=True).may_write
    assert not Settings(url=URL, read_only=True).may_write


_names = st.one_of(
    st.sampled_from([each.name for each in OPTIONS]), st.text(string.ascii_lowercase + "-_", max_size=12)
)
_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.lists(st.text(max_size=8), max_size=3),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cli=st.dictionaries(_names, _values, max_size=5), env=st.dictionaries(_names, st.text(max_size=30), max_size=5))
def test_no_arguments_and_no_environment_lead_to_a_traceback(cli: dict[str, Any], env: dict[str, str]) -> None:
    """Whatever is given ends in settings or in a sentence."""
    variables = {"LIVECHAT_CONFORMANCE_" + name.upper().replace("-", "_"): value for name, value in env.items()}
    try:
        found = load_settings(cli, variables)
    except SettingsError as error:
        refusal = error.sentence
    else:
        assert Settings.from_json(found.to_json(), found.secrets_env()) == found
        return
    assert refusal.strip()
    assert refusal.isprintable()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_no_file_leads_to_a_traceback(content: bytes, elsewhere: Path) -> None:
    """Whatever stands in the file ends in settings or in a sentence."""
    (elsewhere / "g.toml").write_bytes(content)
    refusal = "none"
    try:
        load_settings({}, {}, "g.toml")
    except SettingsError as error:
        refusal = error.sentence
    assert refusal.strip()
