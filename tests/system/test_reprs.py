"""What a notebook shows: the HTML in headless Chromium, on light and on dark pages, and the bar in a real kernel."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pexpect
import pytest
from nbclient import NotebookClient
from qiskit import QuantumCircuit
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from qhub_qiskit import HubProvider, HubSession

CHROMIUM, DRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
# Colours and the rules for tables of JupyterLab's and VS Code's own pages.
SCHEMES = {
    "light": ("#ffffff", "#212121", "#f5f5f5"),
    "dark": ("#111111", "#e0e0e0", "#1e1e1e"),
}
PAGE = """<!doctype html><meta charset="utf-8"><title>Notebook</title>
<style>
body {{ background: {paper}; color: {ink}; font: 14px sans-serif; margin: 12px }}
table {{ font-size: 12px; table-layout: fixed }}
td, th, tr {{ text-align: right; vertical-align: middle; padding: .5em; border: none; max-width: none }}
tbody tr:nth-child(odd) {{ background: {stripe} }}
</style>{body}"""
# WCAG's contrast of each text with what lies behind it.
CONTRASTS = """
const rgba = text => (text.match(/[\\d.]+/g) || []).map(Number);
const light = c => { const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(
    v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b };
const mixed = (over, under, share) => over.slice(0, 3).map((v, i) => v * share + under[i] * (1 - share));
const behind = e => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c } return [255, 255, 255] };
const opacity = e => { let all = 1; for (; e; e = e.parentElement) all *= getComputedStyle(e).opacity; return all };
return [...document.querySelectorAll('td, th, caption, summary, pre, div')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .map(e => { const under = behind(e), ink = mixed(rgba(getComputedStyle(e).color), under, opacity(e));
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x); return (a + .05) / (b + .05) });
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


def bell(name: str = "bell") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


@pytest.fixture(scope="module")
def pictures() -> dict[str, str]:
    """The HTML of one object of each kind, with a hostile name where a user gives names."""
    provider = HubProvider.local(seed=7, sessions=True)
    sv1 = provider.get_backend("aws.sim.sv1")
    session = HubSession(sv1)
    job = session.run([bell(HOSTILE), bell("b")], shots=100, name=HOSTILE, tags=[HOSTILE])
    job.result()
    prices = {"aws.*": {"per_task": 0.3, "per_shot": 0.001}}
    things = {
        "provider": provider,
        "backend": provider.get_backend("iqm.qpu.garnet"),
        "job": job,
        "session": session,
        "explanation": provider.get_backend("ibm.qpu.fez").explain(bell(HOSTILE)),
        "explanations": provider.explain(bell(HOSTILE), prices=prices),
    }
    shown = {name: thing._repr_html_() for name, thing in things.items()}
    session.cancel()
    return shown


@pytest.mark.parametrize("scheme", SCHEMES)
def test_everything_can_be_read_and_nothing_of_it_runs(
    browser: webdriver.Chrome, pictures: dict[str, str], scheme: str, tmp_path: Path
) -> None:
    paper, ink, stripe = SCHEMES[scheme]
    browser.get_log("performance")
    for name, html in pictures.items():
        page = tmp_path / f"{name}-{scheme}.html"
        page.write_text(PAGE.format(paper=paper, ink=ink, stripe=stripe, body=html), "utf-8")
        for width in (1000, 600):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.get(page.as_uri())
            shot = page.with_name(f"{name}-{scheme}-{width}.png")
            assert browser.save_screenshot(str(shot))
            contrasts = browser.execute_script(CONTRASTS)
            assert len(contrasts) > 10
            assert min(contrasts) >= 4.5  # WCAG's level AA
            assert browser.title == "Notebook"  # no script of the hostile name ran
            strangers = (
                "return document.querySelectorAll('img, script, iframe, link, [onerror]').length"
            )
            assert browser.execute_script(strangers) == 0
            if name in ("job", "explanation"):
                assert HOSTILE in browser.execute_script("return document.body.textContent")
        overflow = (
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if name not in ("provider", "explanations"):  # wide tables scroll
            assert browser.execute_script(overflow) <= 0
    requested = [
        json.loads(entry["message"])["message"]["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        if json.loads(entry["message"])["message"]["method"] == "Network.requestWillBeSent"
    ]
    assert requested
    assert all(url.startswith(("file:", "about:", "chrome:")) for url in requested)


def outputs(cells: list[str]) -> list[list[Any]]:
    """What each cell of a notebook shows, in a kernel of its own."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_shows_tables_pictures_and_a_bar_that_goes() -> None:
    first, job, waited, awaited, drawn, histogram = outputs(
        [
            "from qiskit import QuantumCircuit\n"
            "from qhub_qiskit import HubProvider\n"
            "provider = HubProvider.local(job_seconds=3)\n"
            "backend = provider.get_backend('kipu.sim.qsim')\n"
            "circuit = QuantumCircuit(1, 1)\n"
            "circuit.x(0)\n"
            "circuit.measure(0, 0)\n"
            "provider",
            "backend.run(circuit, shots=20)",
            "backend.run(circuit, shots=20).result().get_counts()",
            "(await backend.run([circuit] * 2, shots=20)).get_counts()",
            "provider.get_backend('iqm.qpu.garnet').plot()",
            "backend.run(circuit, shots=20).plot()",
        ]
    )
    assert "<table" in first[-1].data["text/html"]
    assert "Job on kipu.sim.qsim" in job[-1].data["text/html"]
    for shown, counts, total in ((waited, "{'1': 20}", 1), (awaited, "[{'1': 20}, {'1': 20}]", 2)):
        bar = "".join(one.text for one in shown if one.output_type == "stream")
        assert "kipu.sim.qsim: " in bar
        assert "running |" in bar
        assert f"0/{total}" in bar
        assert bar.endswith("\r")
        assert shown[-1].data["text/plain"] == counts
    assert len(drawn[-1].data["image/png"]) > 20_000
    assert len(histogram[-1].data["image/png"]) > 5_000
    # Once each: no second copy by pyplot.
    assert [one.output_type for one in drawn] == ["execute_result"]


def test_a_prompt_shows_a_bar_and_0_in_the_environment_does_not() -> None:
    lines = (
        "from qiskit import QuantumCircuit; from qhub_qiskit import HubProvider",
        "circuit = QuantumCircuit(1, 1); _ = circuit.measure(0, 0)",
        "backend = HubProvider.local(job_seconds=3).get_backend('kipu.sim.qsim')",
        "backend.run(circuit, shots=7).result().get_counts()",
    )
    for wish, shown in (("", True), ("0", False)):
        prompt = pexpect.spawn(
            sys.executable,
            ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor"],
            env={**_environment(), **({"QHUB_PROGRESS": wish} if wish else {})},
            dimensions=(24, 80),
            encoding="utf-8",
            timeout=60,
        )
        for number, line in enumerate(lines, 1):
            prompt.expect_exact(f"In [{number}]: ")
            prompt.sendline(line)
        prompt.expect_exact("Out[4]: {'0': 7}")
        said = prompt.before
        assert ("kipu.sim.qsim: running |" in said) is shown
        assert max(len(part) for part in said.replace("\r", "\n").splitlines()) <= 80
        prompt.sendline("exit")
        prompt.expect(pexpect.EOF)


def _environment() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if name != "QHUB_PROGRESS"}
