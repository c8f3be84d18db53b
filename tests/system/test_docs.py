"""The documentation: it builds, loads nothing from elsewhere, is complete, and every block on it runs.

How a block is run stands in `docs_runner`. Pages run two at a time, each in a process and a folder of its own, with an
embedded Hub as the one that `HubProvider()` finds.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from qhub_qiskit import HubProvider
from qhub_qiskit.systems import _ROOMS
from scripts import docs_commands, docs_features
from shared_transport import HubError, Settings, embedded_hub
from tests.system.docs_pages import DOCS, ROOT, blocks_of, pages
from tests.system.postgresql import PASSWORD
from tests.system.postgresql import Cluster as PostgreSQL
from tests.system.ray_cluster import RayCluster
from tests.system.test_console import CHROMIUM, DRIVER, INTERNAL, OPTIONS

TEAM = "how-to/team-hub.md"
Runs: TypeAlias = "dict[str, Future[subprocess.CompletedProcess[str]]]"
EVERY_BLOCK = "test_every_block_of_a_page_runs"
AT_ONCE = 2
# What these pages show is also logged.
LOGGED = {
    "concepts/exactly-once.md": r"(the answer to a new job was lost .*|the job \S+ is there: adopted)",
    # The page's clients still hold their connections when its Hubs end.
    TEAM: r".*timeout graceful shutdown exceeded",
}


def names(*, with_blocks: bool = False) -> list[str]:
    return [
        path.relative_to(DOCS).as_posix() for path in pages() if blocks_of(path) or not with_blocks
    ]


@pytest.fixture(scope="module")
def hub() -> Settings:
    """The Hub that the environment names."""
    return embedded_hub(seed=7)


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, hub: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """The pages that are asked for, on their way."""
    asked = [
        str(item.callspec.params["page"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == EVERY_BLOCK
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            page: pool.submit(run, page, hub, tmp_path_factory.mktemp("page"))
            for page in sorted(asked, key=lambda name: name != TEAM)
        }
        pool.shutdown(cancel_futures=True)


def run(page: str, hub: Settings, folder: Path) -> subprocess.CompletedProcess[str]:
    with ExitStack() as stack:
        places = stack.enter_context(team()) if page == TEAM else {}
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("QHUB_", "KQH_", "PLANQK_", "XDG_", "SERVICE_"))
        }
        assert hub.token is not None
        return subprocess.run(
            [sys.executable, "-m", "tests.system.docs_runner", DOCS / page],
            cwd=folder,
            env={
                **kept,
                **places,
                "HOME": str(folder),
                "PYTHONPATH": str(ROOT),
                "QHUB_QUANTUM_BASE_URL": hub.base_url,
                "KQH_PERSONAL_ACCESS_TOKEN": hub.token.get_secret_value(),
                "COLUMNS": "80",
                "NO_COLOR": "1",
                "TERM": "dumb",
            },
            capture_output=True,
            text=True,
            timeout=300,
        )


@contextmanager
def team() -> Iterator[dict[str, str]]:
    """A PostgreSQL and a Ray cluster, and what the page has to know of them."""
    with ExitStack() as stack:
        postgresql = PostgreSQL()
        stack.callback(postgresql.remove)
        ray = RayCluster()
        stack.callback(ray.close)
        ray.add_node()
        places = {
            "postgresql://hub@db/hub": re.sub(r":[^:@/]+@", "@", postgresql.create("hub")),
            "ray:head:6379": ray.url,
        }
        yield {"DOCS_PLACES": json.dumps(places), "PGPASSWORD": PASSWORD, **ray.environment}


@pytest.mark.timeout(600)
def test_the_table_of_features_is_what_the_backends_do(runs: Runs) -> None:
    """Everything in it is done again, while the pages run; `python -m scripts.docs_features` writes it anew."""
    made = docs_features.page(HubProvider.local(seed=7, noise=False))
    assert made == docs_features.PAGE.read_text(encoding="utf-8")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", names(with_blocks=True))
def test_every_block_of_a_page_runs(page: str, runs: Runs) -> None:
    done = runs[page].result()
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    loud = [
        line
        for line in done.stderr.splitlines()
        if not re.fullmatch(LOGGED.get(page, "(?!)"), line)
    ]
    assert loud == []
    counted = json.loads(done.stdout.splitlines()[-1])
    print(page, counted)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


class Loaded(HTMLParser):
    """Collects the addresses that a browser loads without being asked, and the ids of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster", "action") or (
                name == "href" and tag != "a"
            ):
                self.addresses.append(value or "")
            if name == "style" and "url(" in (value or ""):
                self.addresses += re.findall(r"url\(([^)]*)\)", value or "")
            if name == "id" and value:
                self.ids.add(value)


def test_a_browser_opens_and_searches_them_and_asks_nobody_else(site: Path, tmp_path: Path) -> None:
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}/"
        driver = browser(tmp_path)
        try:
            driver.get(f"{origin}reference/features.html")
            assert "aws.sim.sv1" in driver.find_element(By.TAG_NAME, "main").text
            driver.get(f"{origin}index.html")
            driver.find_element(By.CSS_SELECTOR, "input.md-search__input").send_keys("split_shots")
            found = WebDriverWait(driver, 60).until(
                lambda one: one.find_elements(By.CSS_SELECTOR, ".md-search-result__link")
            )
            assert any("split-shots" in str(one.get_attribute("href")) for one in found)
            assert driver.get_log("browser") == []
            asked = {
                message["params"]["request"]["url"]
                for entry in driver.get_log("performance")
                if (message := json.loads(entry["message"])["message"])["method"]
                == "Network.requestWillBeSent"
            }
        finally:
            driver.quit()
            server.shutdown()
    assert f"{origin}index.html" in asked
    assert [one for one in asked if not one.startswith((origin, *INTERNAL, "blob:"))] == []


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that does not write down who asked."""

    def log_message(self, format: str, *words: object) -> None:
        pass


def browser(profile: Path) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, "--window-size=1300,1000", f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(DRIVER))


def read(path: Path) -> Loaded:
    parser = Loaded()
    parser.feed(path.read_text(encoding="utf-8"))
    return parser


def test_the_built_pages_load_nothing_from_another_host(site: Path) -> None:
    found = list(site.rglob("*.html"))
    assert len(found) == len(names()) + 1  # and 404.html
    for path in found:
        loaded = read(path).addresses
        assert loaded
        elsewhere = [one for one in loaded if re.match(r"\s*(?:[a-z][a-z+.-]*:|//)", one, re.I)]
        assert elsewhere == [], path
        assert "Content-Security-Policy" in path.read_text(encoding="utf-8")
    for path in site.rglob("*.css"):
        for address in re.findall(
            r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", path.read_text()
        ):
            assert not re.match(r"(?:https?:)?//", "".join(address)), (path, address)


def ids(site: Path, page: str) -> set[str]:
    return read((site / page).with_suffix(".html")).ids


@pytest.mark.parametrize("package", ["shared_transport", "qhub_qiskit", "qhub_braket"])
def test_every_public_name_is_in_the_reference(package: str, site: Path) -> None:
    told = ids(site, f"reference/{package}.md") | ids(site, "reference/errors.md")
    last = {one.rpartition(".")[2] for one in told if one.startswith(package)}
    missing = set(importlib.import_module(package).__all__) - last
    assert missing == set()


def test_every_error_has_a_remedy(site: Path) -> None:
    """All classes below `HubError` in all packages, each with a row of the table and a description."""
    for package in ("shared_transport", "qhub_qiskit", "qhub_braket", "qhub_cli"):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    known = set(subclasses(HubError))
    assert len(known) > 14
    text = (DOCS / "reference/errors.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(\w+)`\]\[[\w.]+\] \| [^|]+ \| [^|]{10,} \|$", text, re.MULTILINE)
    assert set(rows) == {kind.__name__ for kind in known}
    told = ids(site, "reference/errors.md")
    assert {f"{kind.__module__}.{kind.__name__}" for kind in known} <= told


def subclasses(kind: type[HubError]) -> Iterator[type[HubError]]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def test_every_environment_variable_is_told_of() -> None:
    """Whatever looks like one in the code, and nothing that is not in the code."""
    sources = [
        path
        for package in ("shared_transport", "qhub_qiskit", "qhub_braket", "qhub_cli", "local_hub")
        for path in (ROOT / package).rglob("*.py")
    ]
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*sources, ROOT / "Makefile"])
    pattern = r"""(?:environ(?:\.get)?[(\[]\s*|getenv\(\s*)["'](\w+)["']|\b((?:QHUB|KQH|PLANQK)_[A-Z_]*[A-Z])\b"""
    used = {name for pair in re.findall(pattern, code) for name in pair if name}
    assert len(used) > 15
    text = (DOCS / "reference/environment.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", text))
    assert used - told == set()
    # Of others' libraries.
    theirs = {"SSL_CERT_FILE", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"}
    assert [name for name in told - theirs if name not in code] == []


def test_every_system_has_its_options_told(site: Path) -> None:
    told = ids(site, "reference/options.md")
    for _, _, module, name in _ROOMS:
        room = getattr(importlib.import_module(f"qhub_qiskit.systems.{module}"), name)
        options = room.options
        assert f"{options.__module__}.{options.__qualname__}" in told
    text = (DOCS / "reference/options.md").read_text(encoding="utf-8")
    backends = [path.stem for path in (ROOT / "local_hub/catalog/backends").glob("*.json")]
    for backend in backends:
        assert (
            f"`{backend}`" in text
            or f"`{backend.rpartition('.')[0]}.*`" in text
            or (
                backend == "aws.quera.aquila"  # no Qiskit circuits run on it
            )
        )


def test_the_page_of_notebooks_names_all_of_them() -> None:
    text = (DOCS / "how-to/notebooks.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+\.ipynb)` \| .{10,} \|$", text, re.MULTILINE))
    assert named == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}


def test_the_page_of_commands_is_what_the_command_has() -> None:
    """`python -m scripts.docs_commands` writes it anew."""
    assert docs_commands.page() == docs_commands.PAGE.read_text(encoding="utf-8")
