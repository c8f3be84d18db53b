import json
import sys

import pytest
from pydantic import SecretStr

from shared_transport.credentials import find_organization, find_token
from shared_transport.errors import ConfigurationError
from tests.quick.transport.tools import SECRET, leaks

TOKENS = [
    "KQH_SERVICE_EXECUTION_TOKEN",
    "KQH_PERSONAL_ACCESS_TOKEN",
    "PLANQK_SERVICE_EXECUTION_TOKEN",
    "SERVICE_EXECUTION_TOKEN",
    "PLANQK_PERSONAL_ACCESS_TOKEN",
]
ORGANIZATIONS = ["KQH_ORGANIZATION_ID", "QHUB_ORGANIZATION_ID", "PLANQK_ORGANIZATION_ID"]


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        document if isinstance(document, str) else json.dumps(document), encoding="utf-8"
    )
    path.chmod(0o600)
    return path


def token_file(path, token):
    return write(path, {"auth": {"value": token}})


def value():
    token = find_token()
    return token and token.value.get_secret_value()


# --- the token  ---


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_can_read_draws_one_warning(home, mode):
    path = token_file(home / ".config/qhubctl/config.json", SECRET)
    path.chmod(mode)
    with pytest.warns(UserWarning, match="chmod 600") as caught:
        assert [value(), value()] == [SECRET, SECRET]
    assert len(caught) == 1
    assert SECRET not in str(caught[0].message)


def test_a_file_of_ones_own_draws_none(home, recwarn):
    token_file(home / ".config/qhubctl/config.json", SECRET)
    assert value() == SECRET
    assert not recwarn


def test_without_any_there_is_none():
    assert find_token() is None
    assert find_organization() is None


@pytest.mark.parametrize("first", range(len(TOKENS)))
def test_each_variable_wins_over_those_after_it(monkeypatch, first):
    for name in TOKENS[first:]:
        monkeypatch.setenv(name, f"from-{name}")
    assert value() == f"from-{TOKENS[first]}"
    assert TOKENS[first] in find_token().source


def test_an_argument_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv(TOKENS[0], "from-environment")
    assert find_token("mine").value.get_secret_value() == "mine"
    assert find_token(SecretStr("mine")).value.get_secret_value() == "mine"


def test_an_empty_variable_is_no_variable(monkeypatch):
    monkeypatch.setenv(TOKENS[0], "")
    monkeypatch.setenv(TOKENS[1], "second")
    assert value() == "second"


def test_any_variable_wins_over_every_file(monkeypatch, home, tmp_path):
    token_file(home / ".config/qhubctl/config.json", "file")
    monkeypatch.setenv("KQH_CONFIG_FILE_PATH", str(token_file(tmp_path / "named.json", "named")))
    monkeypatch.setenv(TOKENS[-1], "variable")
    assert value() == "variable"


def test_the_files_in_their_order(monkeypatch, home, tmp_path):
    token_file(home / ".config/planqk/config.json", "planqk")
    assert value() == "planqk"
    token_file(home / ".config/qhubctl/config.json", "qhubctl")
    assert value() == "qhubctl"
    monkeypatch.setenv(
        "PLANQK_CONFIG_FILE_PATH", str(token_file(tmp_path / "p.json", "named-planqk"))
    )
    assert value() == "named-planqk"
    monkeypatch.setenv("KQH_CONFIG_FILE_PATH", str(token_file(tmp_path / "k.json", "named-kqh")))
    assert value() == "named-kqh"
    assert "k.json" in find_token().source


def test_a_named_file_may_start_with_a_tilde(monkeypatch, home):
    token_file(home / "mine.json", "tilde")
    monkeypatch.setenv("KQH_CONFIG_FILE_PATH", "~/mine.json")
    assert value() == "tilde"


def test_on_windows_the_files_lie_under_localappdata(monkeypatch, home, tmp_path):
    token_file(home / ".config/qhubctl/config.json", "not this one")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "Local"))
    assert value() is None
    token_file(tmp_path / "Local/planqk/config.json", "planqk")
    assert value() == "planqk"
    token_file(tmp_path / "Local/qhubctl/config.json", "qhubctl")
    assert value() == "qhubctl"


def test_the_file_below_dot_config_is_found_wherever_xdg_points(monkeypatch, home, tmp_path):
    """The Hub's command line writes to ``~/.config``."""
    token_file(home / ".config/qhubctl/config.json", "qhubctl")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    assert value() == "qhubctl"


@pytest.mark.parametrize(
    "document",
    [{}, [], "null", {"auth": None}, {"auth": []}, {"auth": {"value": 5}}, {"auth": {"value": ""}}],
)
def test_a_file_without_a_token_gives_none(home, document):
    write(home / ".config/qhubctl/config.json", document)
    assert value() is None


# --- the organization  ---


@pytest.mark.parametrize("first", range(len(ORGANIZATIONS)))
def test_each_organization_variable_wins_over_those_after_it(monkeypatch, home, first):
    write(home / ".config/qhubctl/config.json", {"context": {"id": "file", "isOrganization": True}})
    for name in ORGANIZATIONS[first:]:
        monkeypatch.setenv(name, f"from-{name}")
    assert find_organization() == f"from-{ORGANIZATIONS[first]}"
    assert find_organization("mine") == "mine"


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"id": "org", "isOrganization": True}, "org"),
        ({"id": "me", "isOrganization": False}, None),
        ({"id": "me", "isOrganization": "true"}, None),
        ({"id": "me", "isOrganization": 1}, None),
        ({"id": "me"}, None),
        ({"isOrganization": True}, None),
        ({"id": 7, "isOrganization": True}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_files_context_counts_only_for_an_organization(home, context, expected):
    write(home / ".config/qhubctl/config.json", {"auth": {"value": "t"}, "context": context})
    assert find_organization() == expected


# --- what cannot be used  ---


@pytest.mark.parametrize("token", ["", " ", "\t\n"])
def test_an_empty_token_is_refused(monkeypatch, token):
    with pytest.raises(ConfigurationError, match=r"argument `token` is empty"):
        find_token(token)
    if token:
        monkeypatch.setenv(TOKENS[1], token)
        with pytest.raises(ConfigurationError, match=TOKENS[1]):
            find_token()


@pytest.mark.parametrize(
    "odd", [f"{SECRET}\n", f" {SECRET}", f"{SECRET}\nx", f"{SECRET}\u00e9", f"{SECRET}\x00"]
)
def test_a_token_that_no_header_carries_is_refused_without_showing_it(monkeypatch, home, odd):
    if "\x00" not in odd:
        monkeypatch.setenv(TOKENS[0], odd)
        with pytest.raises(ConfigurationError, match=TOKENS[0]) as caught:
            find_token()
        assert SECRET not in str(caught.value) + repr(caught.value)
        monkeypatch.delenv(TOKENS[0])
    token_file(home / ".config/qhubctl/config.json", odd)
    with pytest.raises(ConfigurationError, match=r"qhubctl") as caught:
        find_token()
    assert SECRET not in str(caught.value) + repr(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        find_token(odd)
    assert SECRET not in str(caught.value) + repr(caught.value)


def test_a_refused_token_is_in_no_frame_of_ours(home):
    token_file(home / ".config/qhubctl/config.json", f"{SECRET}\n")
    with pytest.raises(ConfigurationError) as caught:
        find_token()
    assert leaks(caught.value) == []


def test_a_token_does_not_show_itself():
    token = find_token(SECRET)
    assert SECRET not in repr(token) + str(token)


@pytest.mark.parametrize(
    "content", [b'{"auth": {"value": "' + SECRET.encode() + b'"', b"\xff\xfe\x00", b"", b"no"]
)
def test_a_file_that_is_not_json_is_named_and_not_shown(home, content):
    path = write(home / ".config/qhubctl/config.json", "")
    path.write_bytes(content)
    for find in (find_token, find_organization):
        with pytest.raises(
            ConfigurationError, match=r"qhubctl.config\.json cannot be read"
        ) as caught:
            find()
        assert SECRET not in str(caught.value)
        assert caught.value.__context__ is None
        assert leaks(caught.value) == []


def test_a_file_with_a_byte_order_mark_is_read(home):
    """Editors on Windows write one."""
    path = token_file(home / ".config/qhubctl/config.json", "marked")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert value() == "marked"


def test_a_file_that_cannot_be_opened_is_named(monkeypatch, home):
    path = token_file(home / ".config/qhubctl/config.json", "t")

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_text", refuse)
    monkeypatch.setattr(type(path), "read_bytes", refuse)
    with pytest.raises(
        ConfigurationError, match=r"config\.json cannot be read \(PermissionError\)"
    ):
        find_token()


@pytest.mark.parametrize(
    "path", ["missing.json", ".", "/" + "x" * 300, "~no-such-user-here/config.json"]
)
def test_a_named_file_that_is_none_is_refused_by_the_variables_name(monkeypatch, path):
    monkeypatch.setenv("KQH_CONFIG_FILE_PATH", path)
    with pytest.raises(ConfigurationError, match="KQH_CONFIG_FILE_PATH"):
        find_token()


def test_a_folder_that_may_not_be_entered_is_a_clear_error(monkeypatch, home):
    path = token_file(home / ".config/qhubctl/config.json", "t")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "is_file", refuse)
    with pytest.raises(ConfigurationError, match="qhubctl"):
        find_token()
