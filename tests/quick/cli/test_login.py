"""Where `qhub login` puts a token, and who finds it there."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from qhub_cli.hub_faults import HubFaults
from tests.quick.cli.conftest import Qhub
from tests.quick.local_hub.hub_process import HubProcess

# A keyring of its own, by the rules of the package `keyring`: this machine's is left alone.
KEYRING = """
import json, os, pathlib
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

PATH = pathlib.Path(os.environ["TEST_KEYRING"])


class Keyring(KeyringBackend):
    priority = 5

    def _all(self):
        if os.environ.get("TEST_KEYRING_LOCKED"):
            raise KeyringLocked("it is locked")
        return json.loads(PATH.read_text()) if PATH.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        PATH.write_text(json.dumps({**self._all(), f"{service}/{username}": password}))

    def delete_password(self, service, username):
        kept = self._all()
        if kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is none")
        PATH.write_text(json.dumps(kept))
"""


@pytest.fixture
def user(qhub: Qhub, hub: HubProcess) -> Qhub:
    """Somebody who knows where the Hub is, and has no token yet."""
    qhub.environment["QHUB_QUANTUM_BASE_URL"] = hub.info["base_url"]
    return qhub


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The config file of that user."""
    return tmp_path / "xdg_config_home" / "qhubctl" / "config.json"


@pytest.fixture
def with_keyring(user: Qhub, tmp_path: Path) -> Path:
    """Let a keyring run; the file that it keeps."""
    (tmp_path / "test_keyring.py").write_text(KEYRING)
    user.environment.update(
        PYTHONPATH=str(tmp_path),
        PYTHON_KEYRING_BACKEND="test_keyring.Keyring",
        TEST_KEYRING=str(tmp_path / "kept.json"),
    )
    return tmp_path / "kept.json"


def test_in_the_file_for_its_owner_alone(user: Qhub, hub: HubProcess, file: Path) -> None:
    assert "no token" in user.refused(3, "jobs")
    done = user("login", stdin=f"{hub.info['token']}\n")
    assert done.stdout == f"Stored in the config file {file}.\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]
    assert json.loads(file.read_text()) == {"auth": {"type": "API_KEY", "value": hub.info["token"]}}
    user("jobs")
    assert user.json("whoami") == {
        "hub": hub.info["base_url"],
        "credentials": f"the config file {file}",
        "user": None,
        "organization": None,
        "accepted": True,
    }


def test_what_else_is_in_the_file_is_kept(user: Qhub, hub: HubProcess, file: Path) -> None:
    """It is the one of the Hub's own command line."""
    file.parent.mkdir(parents=True)
    file.write_text('{"auth": {"value": "old"}, "endpoint": {"a": 1}, "context": {"id": "me"}}')
    file.chmod(0o644)
    user("login", stdin=hub.info["token"])
    kept = json.loads(file.read_text())
    assert (kept["endpoint"], kept["context"]) == ({"a": 1}, {"id": "me"})
    assert kept["auth"]["value"] == hub.info["token"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert user("logout").stdout == f"Removed from the config file {file}.\n"
    assert json.loads(file.read_text()) == {"endpoint": {"a": 1}, "context": {"id": "me"}}
    assert user.json("logout") == {"removed": None}


def test_a_link_stays_a_link(user: Qhub, hub: HubProcess, file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    file.parent.mkdir(parents=True)
    file.symlink_to(real)
    user("login", stdin=hub.info["token"])
    assert file.is_symlink()
    assert json.loads(real.read_text())["auth"]["value"] == hub.info["token"]


def test_a_file_that_is_named_and_not_there_yet(
    user: Qhub, hub: HubProcess, tmp_path: Path
) -> None:
    named = tmp_path / "new" / "config.json"
    user.environment["KQH_CONFIG_FILE_PATH"] = str(named)
    user("login", "--organization", "org-1", stdin=hub.info["token"])
    assert json.loads(named.read_text())["context"] == {"id": "org-1", "isOrganization": True}
    assert user.json("whoami")["organization"] == "org-1"


def test_a_token_that_the_hub_does_not_take_is_not_stored(user: Qhub, file: Path) -> None:
    assert "does not accept the token" in user("login", stdin="wrong", code=3).stderr
    assert not file.exists()
    user("login", "--no-check", stdin="wrong")
    assert user("whoami", code=3).stdout.splitlines()[-1].split() == ["Accepted", "no"]


def test_whose_token_it_is_where_no_hub_answers(qhub: Qhub, file: Path) -> None:
    """Whether the Hub takes it is not known then: neither yes nor no."""
    qhub.environment["QHUB_QUANTUM_BASE_URL"] = "http://127.0.0.1:9/quantum"
    qhub("login", "--no-check", stdin="stored")
    done = qhub("whoami", code=11)
    assert done.stdout == (
        "Hub          http://127.0.0.1:9/quantum\n"
        f"Credentials  the config file {file}\n"
        "Accepted     not known\n"
    )
    assert done.stderr.startswith("Error: The Hub did not answer")


def test_what_another_error_leaves_open_is_null(at_hub: Qhub, faults: HubFaults) -> None:
    faults.status(429, "searchJobs", retry_after=3600)
    done = at_hub("whoami", "--json", code=9)
    assert json.loads(done.stdout)["accepted"] is None
    assert "takes no more requests" in done.stderr


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "ümlaut"])
def test_what_is_no_token_is_refused_unsaid(user: Qhub, file: Path, text: str) -> None:
    words = user("login", "--no-check", stdin=text, code=7).stderr
    assert not text.strip() or text.strip() not in words
    assert not file.exists()


def test_a_token_is_never_an_argument(user: Qhub, tmp_path: Path) -> None:
    assert "unexpected extra argument" in user("login", "secret", code=2, stdin="").stderr
    assert "No such option" in user("login", "--token", "secret", code=2, stdin="").stderr
    assert "qhub login < FILE" in user("login", "--token-file", tmp_path, code=2, stdin="").stderr


def test_a_damaged_file_is_left_alone(user: Qhub, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text('{"auth": {"value": "secret"')
    words = user("login", "--no-check", stdin="new", code=7).stderr
    assert "cannot be read" in words
    assert "secret" not in words
    assert file.read_text() == '{"auth": {"value": "secret"'


def test_in_the_keyring_where_one_runs(
    user: Qhub, hub: HubProcess, file: Path, with_keyring: Path
) -> None:
    done = user("login", stdin=hub.info["token"])
    assert "the system's keyring" in done.stdout
    assert json.loads(with_keyring.read_text()) == {"qhub/token": hub.info["token"]}
    assert json.loads(file.read_text()) == {"auth": {"type": "API_KEY", "keyring": "qhub"}}
    assert user.json("whoami")["credentials"] == "the system's keyring (entry 'qhub')"
    words = user.refused(7, "jobs", TEST_KEYRING_LOCKED="1")
    assert "KeyringLocked" in words
    assert "Removed from the system's keyring" in user("logout").stdout
    assert json.loads(with_keyring.read_text()) == {}
    assert user.refused(3, "jobs")


def test_both_plugins_find_it_in_the_keyring(
    user: Qhub, hub: HubProcess, with_keyring: Path
) -> None:
    user("login", stdin=hub.info["token"])
    code = (
        "import sys; from qhub_qiskit import HubProvider; from qhub_braket import HubProvider as B;"
        "print(HubProvider().client.jobs.page().size, B().client.settings.token_source);"
        "assert 'qiskit' not in sys.modules"
    )
    done = user.python(code)
    assert done.stdout == "20 the system's keyring (entry 'qhub')\n", done.stderr


def test_a_file_that_holds_a_token_stays_the_place(
    user: Qhub, hub: HubProcess, file: Path, with_keyring: Path
) -> None:
    """The Hub's own command line reads no keyring; --keyring moves the token all the same."""
    file.parent.mkdir(parents=True)
    file.write_text('{"auth": {"value": "old"}}')
    assert "config file" in user("login", stdin=hub.info["token"]).stdout
    assert not with_keyring.exists()
    user("login", "--keyring", stdin=hub.info["token"])
    assert hub.info["token"] not in file.read_text()
    user("login", "--file", stdin=hub.info["token"])
    assert json.loads(file.read_text())["auth"]["value"] == hub.info["token"]


def test_a_keyring_that_does_not_take_it(user: Qhub, file: Path, with_keyring: Path) -> None:
    locked = {"TEST_KEYRING_LOCKED": "1"}
    words = user("login", "--no-check", stdin="token", code=7, **locked).stderr
    assert "it is locked" in words
    assert "--file" in words
    assert not file.exists()


def test_without_a_keyring_it_can_be_asked_for(user: Qhub) -> None:
    assert "--file" in user("login", "--no-check", "--keyring", stdin="token", code=7).stderr


def test_a_variable_that_goes_before_it_is_named(user: Qhub, hub: HubProcess) -> None:
    variable = {"KQH_PERSONAL_ACCESS_TOKEN": "elsewhere"}
    words = user("login", stdin=hub.info["token"], **variable).stderr
    assert "KQH_PERSONAL_ACCESS_TOKEN is set" in words


def test_a_token_from_a_file(user: Qhub, hub: HubProcess, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(f"{hub.info['token']}\n")
    assert user.json("whoami", "--token-file", path)["credentials"] == f"the file {path}"
    user("jobs", "--token-file", path, "--base-url", hub.info["base_url"])
    path.write_text("")
    assert "it is empty" in user.refused(7, "jobs", "--token-file", path)
    assert "No such file" in user.refused(7, "jobs", "--token-file", tmp_path / "absent")


def test_a_login_by_oauth(user: Qhub, hub: HubProcess) -> None:
    """Names and password come from the environment, as for the plugins."""
    user.environment.update(
        QHUB_USERNAME="ann",
        QHUB_PASSWORD="pass:word",
        QHUB_CLIENT_ID="any",
        QHUB_TOKEN_URL=hub.info["token_url"],
    )
    known = user.json("whoami")
    assert (known["user"], known["accepted"]) == ("ann", True)
    assert known["credentials"] == f"a login at {hub.info['token_url']}"
    done = user("whoami", code=3, QHUB_PASSWORD="secret")
    assert "User         ann\n" in done.stdout
    assert "secret" not in done.stdout + done.stderr
