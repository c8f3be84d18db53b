import copy
import json
import pickle
import warnings

import pytest
from pydantic import SecretStr

from shared_transport.errors import ConfigurationError
from shared_transport.retry import RetryPolicy
from shared_transport.settings import DEFAULT_BASE_URL, Settings
from tests.quick.transport.tools import CONTRACT, SECRET, leaks


def runtime_file(path, base_url="http://127.0.0.1:4711/quantum", token=SECRET):
    path.write_text(json.dumps({"base_url": base_url, "token": token}), encoding="utf-8")
    return path


# --- the address  ---


@pytest.mark.parametrize(
    "url",
    [
        "https://hub.example/quantum",
        "https://hub.example",
        "https://hub.example:8443/deep/er/quantum",
        "HTTPS://Hub.Example/Quantum",
        "http://localhost:8000/quantum",
        "http://LOCALHOST:8000/quantum",
        "http://hub.localhost/quantum",
        "http://127.0.0.1:1/quantum",
        "http://127.9.9.9/quantum",
        "http://[::1]:8000/quantum",
    ],
)
def test_the_base_url_is_taken_as_it_is(url):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Settings.resolve(base_url=url).base_url == url


def test_a_slash_at_the_end_does_not_double():
    assert (
        Settings.resolve(base_url="https://hub.example/quantum/").base_url
        == "https://hub.example/quantum"
    )


def test_argument_then_variable_then_the_described_server(monkeypatch):
    assert CONTRACT["servers"][0]["url"] == DEFAULT_BASE_URL
    assert Settings.resolve().base_url == DEFAULT_BASE_URL
    monkeypatch.setenv("QHUB_QUANTUM_BASE_URL", "https://variable.example/quantum")
    assert Settings.resolve().base_url == "https://variable.example/quantum"
    assert Settings.resolve(base_url="https://mine.example").base_url == "https://mine.example"


ELSEWHERE = [
    "http://hub.example/quantum",
    "http://localhost.example/quantum",
    "http://127.0.0.1.example/quantum",
    "http://0.0.0.0/quantum",
    "http://10.0.0.1/quantum",
    "http://[2001:db8::1]/quantum",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_plain_http_to_another_machine_is_refused_with_the_way_out(monkeypatch, url):
    monkeypatch.setenv("QHUB_ALLOW_HTTP", "0")
    with pytest.raises(ConfigurationError, match=r"allow_http=True or QHUB_ALLOW_HTTP=1"):
        Settings.resolve(base_url=url)


def test_plain_http_can_be_allowed_and_warns(monkeypatch):
    with pytest.warns(UserWarning, match=r"10\.0\.0\.1 over plain http"):
        assert (
            Settings.resolve(base_url="http://10.0.0.1/q", allow_http=True).base_url
            == "http://10.0.0.1/q"
        )
    monkeypatch.setenv("QHUB_ALLOW_HTTP", "1")
    with pytest.warns(UserWarning, match="plain http"):
        Settings.resolve(base_url="http://10.0.0.1/q")
    with pytest.raises(ConfigurationError):
        Settings.resolve(base_url="http://10.0.0.1/q", allow_http=False)


@pytest.mark.parametrize(
    "url",
    [
        "hub.example/quantum",
        "//hub.example",
        "ftp://hub.example",
        "https://",
        "https:///quantum",
        "https://[::1",
        "https://hub.example/quan\ntum",
        "https://user@hub.example/quantum",
        "https://xn--/quantum",
        "https://hub.example:99999/quantum",
        "https://hub.example/quantum?key=1",
        "https://hub.example/quantum#top",
    ],
)
def test_what_is_no_address_of_a_hub_is_refused(url):
    with pytest.raises(ConfigurationError, match="is not the address of a Hub"):
        Settings.resolve(base_url=url)


def test_a_password_in_the_address_is_refused_without_showing_it():
    with pytest.raises(ConfigurationError, match="user or a password") as caught:
        Settings.resolve(base_url=f"https://me:{SECRET}@hub.example/quantum")
    assert SECRET not in str(caught.value)


def test_loopback():
    assert Settings("http://127.0.0.1:1/quantum").loopback
    assert Settings("https://localhost/quantum").loopback
    assert not Settings("https://hub.example/quantum").loopback


# --- who asks  ---


def test_resolve_fills_in_who_asks(monkeypatch):
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", SECRET)
    monkeypatch.setenv("KQH_ORGANIZATION_ID", "org")
    settings = Settings.resolve(read_timeout=5.0)
    assert settings.token.get_secret_value() == SECRET
    assert "KQH_PERSONAL_ACCESS_TOKEN" in settings.token_source
    assert (settings.organization, settings.read_timeout) == ("org", 5.0)


@pytest.mark.parametrize("organization", ["a\nb", " a", "\u00e4", "a\x00"])
def test_an_organization_that_no_header_carries_is_refused(organization):
    with pytest.raises(ConfigurationError, match="organization"):
        Settings.resolve(organization=organization)


def test_the_token_shows_nowhere():
    settings = Settings.resolve(token=SECRET)
    assert SECRET not in repr(settings) + str(settings) + f"{settings.token}" + repr(
        settings.__dict__
    )


@pytest.mark.parametrize(
    "arguments", [{"base_url": "http://10.0.0.1/q", "token": SECRET}, {"token": f"{SECRET}\n"}]
)
def test_a_refusal_leaves_the_token_in_no_frame_of_ours(arguments):
    with pytest.raises(ConfigurationError) as caught:
        Settings.resolve(**arguments)
    assert leaks(caught.value) == []


# --- pickles and copies  ---


def test_a_pickle_holds_no_secret_and_finds_the_token_again(monkeypatch):
    settings = Settings.resolve(
        base_url="https://hub.example/q",
        token=SECRET,
        organization="org",
        retry=RetryPolicy(attempts=2),
    )
    text = pickle.dumps(settings)
    assert SECRET.encode() not in text
    alone = pickle.loads(text)
    assert (alone.token, alone.token_source) == (None, None)
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", "another")
    there = pickle.loads(text)
    assert there.token.get_secret_value() == "another"
    assert "KQH_PERSONAL_ACCESS_TOKEN" in there.token_source
    assert (there.base_url, there.organization, there.retry) == (
        "https://hub.example/q",
        "org",
        RetryPolicy(attempts=2),
    )


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_in_the_same_process_keeps_the_token(copied):
    """Qiskit's and IBM's wrappers copy what they hold; a copy is no pickle and must not forget who asks."""
    settings = Settings("https://hub.example/q", SecretStr(SECRET), "the argument `token`")
    assert copied(settings) == settings
    assert copied(settings).token.get_secret_value() == SECRET


def test_settings_of_an_embedded_hub_come_from_its_runtime_file(tmp_path):
    path = runtime_file(tmp_path / "hub.json")
    settings = Settings.of_runtime_file(path, read_timeout=3.0)
    assert settings.base_url == "http://127.0.0.1:4711/quantum"
    assert settings.token.get_secret_value() == SECRET
    assert (settings.read_timeout, settings.runtime_file) == (3.0, str(path))


def test_a_pickle_of_an_embedded_hub_reads_the_runtime_file_again(monkeypatch, tmp_path):
    path = runtime_file(tmp_path / "hub.json")
    text = pickle.dumps(Settings.of_runtime_file(path))
    assert SECRET.encode() not in text
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", "that of the public Hub")
    again = pickle.loads(text)
    assert again.token.get_secret_value() == SECRET
    assert again.base_url == "http://127.0.0.1:4711/quantum"


def test_a_pickle_never_takes_a_new_token_to_an_old_port(tmp_path):
    """A Hub that was started anew under the same file listens elsewhere; the old port may be anyone's now."""
    path = runtime_file(tmp_path / "hub.json")
    text = pickle.dumps(Settings.of_runtime_file(path))
    runtime_file(path, "http://127.0.0.1:4712/quantum", "fresh")
    again = pickle.loads(text)
    assert (again.base_url, again.token.get_secret_value()) == (
        "http://127.0.0.1:4712/quantum",
        "fresh",
    )


def test_the_runtime_file_is_gone(tmp_path):
    path = runtime_file(tmp_path / "hub.json")
    text = pickle.dumps(Settings.of_runtime_file(path))
    path.unlink()
    for act in (lambda: pickle.loads(text), lambda: Settings.of_runtime_file(path)):
        with pytest.raises(ConfigurationError, match=r"has ended.*HubProvider\.local\(\)"):
            act()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"base_url": "http://127.0.0.1:1"}', '{"token": "x"}']
)
def test_a_runtime_file_that_says_too_little_is_a_clear_error(tmp_path, content):
    path = tmp_path / "hub.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        Settings.of_runtime_file(path)
