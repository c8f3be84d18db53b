"""The console's page in headless Chromium, against a local Hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.quick.local_hub.hub_process import BELL2, HEAVY3, LONG3, HubProcess

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
SECONDS = 60
# What the browser asks of itself.
INTERNAL = ("about:", "data:", "chrome:", "chrome-untrusted:")
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    process = HubProcess("--seed", "7", "--workers", "2", "--sessions", "all")
    yield process
    assert process.close() == 0


class Page:
    """A browser that looks at the console."""

    def __init__(self, hub: HubProcess, profile: Path) -> None:
        self.origin = str(hub.info["base_url"]).removesuffix("/quantum")
        self.token = str(hub.info["token"])
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for option in (*OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))

    def look(self, width: int, scheme: str = "light") -> None:
        """Set the window's width, in pixels, and the preferred colours."""
        size = {"width": width, "height": 1400, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, fragment: str) -> None:
        self.driver.get("about:blank")
        self.driver.get(f"{self.origin}/{fragment}")

    def sign_in(self) -> None:
        self.open(f"#token={self.token}")
        self.until("return document.querySelectorAll('#backends tr .pill').length >= 18")

    def until(self, script: str) -> Any:
        wait = WebDriverWait(self.driver, SECONDS, poll_frequency=0.1)
        return wait.until(lambda driver: driver.execute_script(script))

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        script = f"return document.querySelector({json.dumps(selector)}).textContent"
        return str(self.driver.execute_script(script))

    def show(self, path: str) -> None:
        self.driver.execute_script(f"location.hash = {json.dumps(path)}")

    def wait_for_text(self, selector: str, words: str) -> None:
        chosen, wanted = json.dumps(selector), json.dumps(words)
        self.until(f"return document.querySelector({chosen})?.textContent.includes({wanted})")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requested(self) -> set[str]:
        """The addresses that the browser sent requests to, for as long as it runs."""
        found = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.add(str(message["params"]["request"]["url"]))
        return found


@pytest.fixture
def page(hub: HubProcess, tmp_path: Path) -> Iterator[Page]:
    page = Page(hub, tmp_path / "profile")
    yield page
    page.driver.quit()


def finished(hub: HubProcess, **fields: Any) -> tuple[str, dict[str, int]]:
    job_id = hub.submit("kipu.sim.qsim", BELL2, 1000, **fields)
    assert hub.wait(job_id) == "COMPLETED"
    return job_id, hub.http.get(f"/jobs/{job_id}/result").json()["counts"]


def test_a_wrong_token_is_said_to_be_wrong_and_a_right_one_opens_the_page(page: Page) -> None:
    page.open("")
    page.until("return document.activeElement.id === 'token'")
    page.one("#token").send_keys("wrong", Keys.ENTER)
    page.wait_for_text("#sign-in-problem", "The token is unknown to this Hub")
    assert page.one("#sign-in").is_displayed()
    assert page.driver.execute_script("return sessionStorage.length") == 0
    page.one("#token").send_keys(page.token, Keys.ENTER)
    page.wait_for_text("#state", "Live")
    assert page.one("#console").is_displayed()
    page.one("#sign-out").click()
    assert page.one("#sign-in").is_displayed()
    assert page.driver.execute_script("return sessionStorage.length") == 0


def test_a_token_in_the_address_is_taken_out_and_never_sent_there(page: Page) -> None:
    page.sign_in()
    assert page.driver.current_url == f"{page.origin}/"
    assert not [url for url in page.requested() if page.token in url]
    page.driver.refresh()
    page.wait_for_text("#state", "Live")  # the tab keeps it


def test_a_job_appears_and_ends_while_the_page_is_open(hub: HubProcess, page: Page) -> None:
    page.sign_in()
    job_id = hub.submit("aws.sim.sv1", HEAVY3, 10, name="seen live")
    row = f"[...document.querySelectorAll('#jobs tr')].find(row => row.innerHTML.includes('{job_id}'))"
    page.until(f"return {row}?.textContent.includes('running')")
    assert page.driver.execute_script(f"return {row}.textContent.includes('seen live')")
    hub.http.delete(f"/jobs/{job_id}")
    page.until(f"return {row}.textContent.includes('cancelled')")


def test_a_jobs_circuit_and_its_exact_counts(hub: HubProcess, page: Page) -> None:
    job_id, counts = finished(hub, name="bell")
    page.sign_in()
    # By keyboard alone: the link of the newest job.
    page.until(f"return document.querySelector('a[href=\"#/jobs/{job_id}\"]') !== null")
    page.one(f'a[href="#/jobs/{job_id}"]').send_keys(Keys.ENTER)
    page.until("return document.querySelector('.histogram') !== null")
    assert page.text("#detail-title") == "Job bell"
    drawing = page.text("#detail pre")
    assert "┤ H ├" in drawing
    assert "q_1: " in drawing
    rows = page.driver.execute_script(
        "return [...document.querySelectorAll('.histogram tbody tr')].map("
        "row => [row.querySelector('th').textContent, Number(row.querySelector('td').dataset.value)])"
    )
    assert dict(rows) == counts
    assert page.text(".histogram caption") == "1,000 shots"
    page.one("#detail .close").send_keys(Keys.ENTER)
    page.until("return document.getElementById('detail').hidden")


def test_sessions_are_listed_with_their_jobs(hub: HubProcess, page: Page) -> None:
    session = hub.session("kipu.sim.qsim", mode="batch")
    job_id, _ = finished(hub, session_id=session["id"])
    page.sign_in()
    page.wait_for_text("#sessions", session["id"][:8])
    page.show(f"#/sessions/{session['id']}")
    page.wait_for_text("#detail-facts", "1 job")
    assert "batch" in page.text("#detail-facts")
    assert page.one(f'#detail-facts a[href="#/jobs/{job_id}"]').is_displayed()


def test_a_hostile_name_is_a_name(hub: HubProcess, page: Page) -> None:
    job_id, _ = finished(hub, name=HOSTILE, tags=[HOSTILE])
    page.sign_in()
    page.show(f"#/jobs/{job_id}")
    page.until("return document.querySelector('.histogram') !== null")
    assert page.text("#detail-title") == f"Job {HOSTILE}"
    assert HOSTILE in page.text("#jobs")
    assert page.driver.title == "Local Hub"
    strangers = "return document.querySelectorAll('main img, main script').length"
    assert page.driver.execute_script(strangers) == 0
    assert page.complaints() == []


def test_a_backends_queue_and_state_are_shown(hub: HubProcess, page: Page) -> None:
    page.sign_in()
    ids = [hub.submit("aws.rigetti.cepheus", LONG3) for _ in range(3)]
    row = "[...document.querySelectorAll('#backends tr')].find(row => row.textContent.includes('cepheus'))"
    page.until(f"return {row}.querySelector('.busy')?.textContent >= '1'")
    for job_id in ids:
        hub.http.delete(f"/jobs/{job_id}")
    page.until(f"return {row}.querySelector('.busy') === null")


def test_an_unknown_job_and_a_hub_that_ended_are_said(tmp_path: Path) -> None:
    hub = HubProcess("--workers", "1")
    page = Page(hub, tmp_path / "profile")
    try:
        page.sign_in()
        unknown = "00000000-0000-4000-8000-000000000000"
        page.show(f"#/jobs/{unknown}")
        page.wait_for_text("#detail-facts", f"There is no job {unknown}")
        assert hub.close() == 0
        page.wait_for_text("#state", "The Hub does not answer. Asking again in")
    finally:
        page.driver.quit()


def test_nothing_leaves_the_origin_and_the_console_stays_silent(
    hub: HubProcess, page: Page, tmp_path: Path
) -> None:
    job_id, _ = finished(hub)
    for width in (1280, 480):
        for scheme in ("light", "dark"):
            page.look(width, scheme)
            page.sign_in()
            page.show(f"#/jobs/{job_id}")
            page.until("return document.querySelector('.histogram') !== null")
            shot = tmp_path / f"console-{width}-{scheme}.png"
            assert page.driver.save_screenshot(str(shot))
            assert shot.stat().st_size > 10_000
            overflow = (
                "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert page.driver.execute_script(overflow) <= 0
    elsewhere = {
        url for url in page.requested() if not url.startswith((f"{page.origin}/", *INTERNAL))
    }
    assert elsewhere == set()
    assert page.complaints() == []
