"""In a notebook: HTML of devices and tasks, and the bar while somebody waits for a batch."""

from __future__ import annotations

import re

import pytest
from braket.circuits import Circuit

from qhub_braket import HubProvider
from qhub_braket.display import bar, batch_html, device_html, provider_html, task_html
from shared_transport import ServerError, progress

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def plain(html: str) -> str:
    """The text of some HTML that has nothing but tables in it."""
    tags = re.findall(r"</?([a-z0-9]+)", html)
    assert set(tags) <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    return re.sub(r"<[^>]*>", " ", html)


def test_devices(provider, device):
    text = plain(provider_html(provider))
    assert all(described.id in text for described in provider.devices())
    assert f"{len(provider.devices())} devices of " in text
    assert "34" in plain(device_html(device))


def test_a_task_and_a_batch(device):
    batch = device.run_batch([Circuit().x(0)] * 14, shots=5, name=HOSTILE, tags=[HOSTILE])
    assert len(batch.results()) == 14
    text = plain(task_html(batch.tasks[0]))
    assert "COMPLETED" in text
    assert batch.tasks[0].id in text
    assert "&lt;script&gt;" in text
    listed = plain(batch_html(batch))
    assert listed.count("COMPLETED") == 12
    assert "and 2 more" in listed


def test_where_the_hub_cannot_be_asked_the_picture_says_so(provider, device, monkeypatch):
    task = device.run(Circuit().x(0), shots=5)

    def broken(*_: object, **__: object) -> None:
        raise ServerError("no answer today")

    monkeypatch.setattr(provider.client.jobs, "get", broken)
    monkeypatch.setattr(provider.client.backends, "list", broken)
    task._jobs[0].job = None
    assert "no answer today" in plain(task_html(task))
    assert "no answer today" in plain(provider_html(provider))


def test_a_batch_has_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("QHUB_PROGRESS", "1")
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    monkeypatch.setattr(progress, "PAUSE", 0.05)
    provider = HubProvider.local(seed=43, workers=1, job_seconds=1.0, noise=False)
    device = provider.get_device("aws.rigetti.cepheus")
    tasks = device.run_batch([Circuit().x(0)] * 3, shots=5).tasks
    waits = [task.waits().__enter__() for task in tasks]
    with bar(waits):
        for wait in reversed(waits):  # whichever is waited for first, all are counted
            wait.wait(60)
    for wait in waits:
        wait.__exit__(None, None, None)
    drawn = capsys.readouterr().err
    assert re.search(r"cepheus: [12] queued, 1 running \([0-9] in the queue\) \|", drawn)
    assert re.search(r" 1/3 .* 2/3 ", drawn)
    assert drawn.endswith("\r")


def test_nothing_to_wait_for_has_no_bar(monkeypatch, capsys):
    monkeypatch.setenv("QHUB_PROGRESS", "1")
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with bar([]):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("wish", ["0", None])
def test_without_a_wish_a_script_is_quiet(device, monkeypatch, capsys, wish):
    monkeypatch.delenv("QHUB_PROGRESS", raising=False)
    if wish is not None:
        monkeypatch.setenv("QHUB_PROGRESS", wish)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    task = device.run(Circuit().x(0), shots=5)
    with task.waits() as wait, bar([wait]):
        wait.wait(60)
    assert capsys.readouterr().err == ""
