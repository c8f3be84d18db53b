import pytest

VARIABLES = (
    "KQH_SERVICE_EXECUTION_TOKEN",
    "KQH_PERSONAL_ACCESS_TOKEN",
    "PLANQK_SERVICE_EXECUTION_TOKEN",
    "SERVICE_EXECUTION_TOKEN",
    "PLANQK_PERSONAL_ACCESS_TOKEN",
    "KQH_ORGANIZATION_ID",
    "QHUB_ORGANIZATION_ID",
    "PLANQK_ORGANIZATION_ID",
    "KQH_CONFIG_FILE_PATH",
    "PLANQK_CONFIG_FILE_PATH",
    "QHUB_QUANTUM_BASE_URL",
    "QHUB_ALLOW_HTTP",
    "XDG_CONFIG_HOME",
    "LOCALAPPDATA",
)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty home folder and no variable of the Hub: no test sees the credentials of whoever runs it."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    return folder
