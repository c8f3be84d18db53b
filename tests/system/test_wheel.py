"""The distribution as a user gets it: built, installed into fresh environments, used there."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared_transport", "qhub_qiskit", "qhub_braket", "qhub_cli", "local_hub")
CIRCUITS = ROOT / "notebooks" / "circuits"
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")


def run(*command: str | Path, cwd: Path) -> str:
    answer = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=600
    )
    assert answer.returncode == 0, f"{command}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@dataclass
class Environment:
    """A virtual environment, used from a folder that holds nothing of the project."""

    folder: Path

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def run(self, *command: str) -> str:
        return run(self.program(command[0]), *command[1:], cwd=self.folder)

    def python(self, code: str) -> str:
        return self.run("python", "-c", code).strip()

    def has(self, module: str) -> bool:
        code = f"from importlib.util import find_spec; print(find_spec({module!r}) is not None)"
        return self.python(code) == "True"


def install(folder: Path, distribution: Path, extra: str = "") -> Environment:
    environment = Environment(folder)
    python = environment.program("python")
    requirement = f"qhub-plugins{extra} @ {distribution.as_uri()}"
    arguments = ("--quiet", "--constraint", ROOT / "constraints.txt", requirement)
    if UV:
        run(UV, "venv", "--quiet", "--python", sys.executable, folder, cwd=ROOT)
        run(UV, "pip", "install", "--python", python, *arguments, cwd=ROOT)
        run(UV, "pip", "check", "--python", python, cwd=ROOT)
    else:
        run(sys.executable, "-m", "venv", folder, cwd=ROOT)
        run(python, "-m", "pip", "install", *arguments, cwd=ROOT)
        run(python, "-m", "pip", "check", cwd=ROOT)
    return environment


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the source distribution, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def source(built: Path) -> Path:
    (path,) = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return install(tmp_path_factory.mktemp("base") / "env", wheel)


def sources() -> set[str]:
    """Every file that the packages hold, caches aside."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    circuits = {f"qhub_cli/circuits/{path.name}" for path in CIRCUITS.iterdir()}
    assert circuits
    assert names == sources() | circuits
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert any(name.startswith("local_hub/catalog/") for name in names if name.endswith(".json"))


def test_the_wheel_says_its_licence_and_its_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        info = {
            name.partition(".dist-info/")[2]: archive.read(name).decode()
            for name in archive.namelist()
            if ".dist-info/" in name
        }
    assert "License-Expression: Apache-2.0" in info["METADATA"]
    assert "Apache License" in info["licenses/LICENSE"]
    assert "qhub = qhub_cli.main:app" in info["entry_points.txt"]


def test_the_source_distribution_holds_the_packages(source: Path) -> None:
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert sources() | {"pyproject.toml", "README.md", "LICENSE"} <= names


def test_without_extras_the_command_and_the_transport_work(base: Environment) -> None:
    assert "Usage" in base.run("qhub", "--help")
    base.python("from shared_transport import HubClient")
    assert not base.has("qiskit")
    assert not base.has("braket")


@pytest.mark.parametrize(
    ("package", "use", "extra"),
    [
        ("qhub_qiskit", "HubBackend", "qiskit"),
        ("qhub_qiskit", "HubProvider.local()", "local"),
        ("qhub_braket", "HubDevice", "braket"),
        ("qhub_braket", "HubProvider.local()", "local"),
    ],
)
def test_without_its_extra_a_plugin_lists_what_it_has_and_says_what_to_install(
    base: Environment, package: str, use: str, extra: str
) -> None:
    answer = base.python(
        f"""
import {package}
from shared_transport import MissingExtraError

assert "{use.partition(".")[0]}" in dir({package})
try:
    {package}.{use}
except MissingExtraError as error:
    print(error)
"""
    )
    assert f"pip install 'qhub-plugins[{extra}]'" in answer


def test_the_qiskit_plugin_works_without_braket(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = install(tmp_path_factory.mktemp("qiskit") / "env", wheel, "[qiskit]")
    environment.python("import qhub_qiskit; from qhub_qiskit import HubProvider")
    assert environment.has("qiskit")
    assert not environment.has("braket")
    assert not environment.has("qiskit_ibm_runtime")


def test_the_braket_plugin_works_without_qiskit(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = install(tmp_path_factory.mktemp("braket") / "env", wheel, "[braket]")
    environment.python("import qhub_braket; from qhub_braket import HubProvider")
    assert environment.has("braket.aws")
    assert not environment.has("qiskit")
    assert not environment.has("qiskit_ibm_runtime")


def test_the_demo_passes_where_the_source_distribution_was_installed(
    source: Path, tmp_path: Path
) -> None:
    environment = install(tmp_path / "env", source, "[braket,local,qiskit]")
    assert "18 of 18 right" in environment.run("qhub", "demo")


def test_pipx_gives_a_command_that_says_which_extras_it_lacks(wheel: Path, tmp_path: Path) -> None:
    pipx = Environment(tmp_path / "pipx")
    run(sys.executable, "-m", "venv", pipx.folder, cwd=ROOT)
    pipx.run("python", "-m", "pip", "install", "--quiet", "pipx")
    place = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}
    constraint = f"--constraint {ROOT / 'constraints.txt'}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.items():
            patch.setenv(name, value)
        pipx.run("pipx", "install", "--pip-args", constraint, str(wheel))
    qhub = tmp_path / "bin" / "qhub"
    assert "Usage" in run(qhub, "--help", cwd=tmp_path)
    done = subprocess.run(
        [qhub, "demo"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 8, done.stderr
    assert "pipx install --force 'qhub-plugins[local]'" in done.stderr
