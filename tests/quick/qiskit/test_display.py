"""In a notebook: HTML, pictures, and the bar while somebody waits."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.transpiler import CouplingMap

from qhub_qiskit import HubProvider, HubSampler, HubSession
from qhub_qiskit.plots import coordinates, errors_of
from shared_transport import MissingExtraError, ValidationError, progress
from shared_transport.errors import ServerError
from shared_transport.models import Job
from tests.quick.qiskit.html_page import seen

mpl.use("Agg")
HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def flip(name: str = "flip", angle: float = np.pi) -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name=name)
    circuit.ry(angle, 0)
    circuit.measure(0, 0)
    return circuit


def test_a_provider_is_the_table_of_its_backends(provider):
    page = seen(provider)
    listed = {one.id: one for one in provider.client.backends.list()}
    assert [row[0] for row in page.rows[1:]] == [backend.name for backend in provider.backends()]
    for backend_id, _, kind, _, qubits, _, _ in page.rows[1:]:
        assert int(qubits) == listed[backend_id].configuration.qubit_count
        assert kind == ("simulator" if listed[backend_id].simulator else "QPU")
    assert "and 1 that Qiskit circuits cannot run on" in provider._repr_html_()


def test_a_backend_asks_nobody(provider, monkeypatch):
    backend = provider.get_backend("iqm.qpu.garnet")
    monkeypatch.setattr(type(provider.client), "execute", None)
    told = seen(backend).told
    assert told["qubits"] == "20"
    assert told["input"] == "IQM_JOB_INPUT_V1"
    assert told["options"] == "shots=1024"


def test_a_job_is_shown_as_it_is_now_and_hostile_names_are_names(provider, qsim):
    job = qsim.run([flip(HOSTILE), flip("b")], shots=10, name=HOSTILE, tags=[HOSTILE])
    job.result()
    told = seen(job).told
    assert told["status"] == "2 COMPLETED"
    assert told["name"] == told["tags"] == HOSTILE
    assert told["circuits"] == f"{HOSTILE}, b"
    assert told["id"] == job.job_id().replace(",", ", ")
    assert told["ended"].endswith(" UTC")
    assert "why" not in told
    assert seen(provider.job(job.job_id())).told["status"] == "2 COMPLETED"


def test_a_session_is_shown(provider):
    backend = HubProvider.local(seed=7, sessions=True).get_backend("aws.sim.sv1")
    with HubSession(backend, mode="batch", max_time="1h") as session:
        told = seen(session).told
        assert told["mode"] == "batch"
        assert "expires" in told
    assert seen(session).told["status"] == "CLOSED"
    assert "expires" not in seen(session).told


def test_where_the_hub_cannot_be_asked_the_picture_says_so(provider, qsim, monkeypatch):
    job = qsim.run(flip(), shots=5)
    job.result()

    def broken(*_: object) -> Any:
        raise ServerError("no answer today")

    monkeypatch.setattr(provider.client.jobs, "get", broken)
    monkeypatch.setattr(provider.client.backends, "list", broken)
    assert seen(job).told == {"not known": "no answer today"}
    assert seen(provider).told == {"not known": "no answer today"}


def test_explanations_are_tables_too(provider, qsim):
    page = seen(qsim.explain(flip(HOSTILE)))
    assert page.told["circuit"].startswith(HOSTILE)
    assert "details" in page.tags
    table = seen(provider.explain(flip(HOSTILE), where={"name": "*.sim.*"}))
    assert ["backend", "fits", "depth", "2-qubit", "success", "queue"] in table.rows


# Pictures.


def test_a_path_is_drawn_as_a_line_with_equal_steps():
    at = coordinates(range(6), [(i, i + 1) for i in range(5)])
    steps = np.diff(at[:, 0])
    assert np.allclose(np.abs(steps), 1, atol=1e-3)
    assert np.ptp(at[:, 1]) < 1e-3


def test_a_lattice_is_drawn_as_a_lattice():
    pairs = [tuple(sorted(pair)) for pair in set(map(frozenset, CouplingMap.from_grid(4, 6)))]
    at = coordinates(range(24), pairs)
    lengths = np.array([np.linalg.norm(at[a] - at[b]) for a, b in pairs])
    assert lengths.max() / lengths.min() < 1.5
    apart = [
        np.linalg.norm(at[a] - at[b])
        for a in range(24)
        for b in range(a)
        if (b, a) not in pairs and (a, b) not in pairs
    ]
    assert min(apart) > lengths.max()  # no two qubits that are not coupled are nearer
    assert np.ptp(at[:, 0]) > np.ptp(at[:, 1])


def test_all_to_all_is_a_circle_and_what_is_cut_off_is_apart():
    everyone = [(a, b) for b in range(5) for a in range(b)]
    assert np.allclose(np.linalg.norm(coordinates(range(5), everyone), axis=1), 1)
    at = coordinates(range(4), [(0, 1), (1, 2)])
    assert np.isfinite(at).all()
    assert min(np.linalg.norm(at[3] - at[:3], axis=1)) > 1


def test_the_map_has_the_errors_of_the_calibration(provider):
    backend = provider.get_backend("iqm.qpu.garnet")
    told = {
        one["dut_field"]: one["value"]
        for one in provider.client.backends.config("iqm.qpu.garnet")["calibrationData"][
            "observations"
        ]
    }
    readout, pairs = errors_of(backend.target)
    for qubit, error in readout.items():
        field = f"metrics.ssro.measure.constant.QB{qubit + 1}.fidelity"
        assert error == pytest.approx(1 - told[field])
    for (a, b), error in pairs.items():
        field = f"metrics.irb.cz.crf.QB{a + 1}__QB{b + 1}.fidelity"
        assert error == pytest.approx(1 - told[field])
    figure = backend.plot()
    axes = figure.axes[0]
    lines, dots = axes.collections
    assert np.allclose(lines.get_array(), [100 * error for error in pairs.values()])
    assert np.allclose(dots.get_array(), [100 * readout[q] for q in range(20)])
    assert [text.get_text() for text in axes.texts] == [str(q + 1) for q in range(20)]
    assert len(figure.axes) == 3  # with two scales
    assert "iqm.qpu.garnet, calibrated 20" in axes.get_title()


def test_coherence_has_t1_and_t2(provider):
    backend = provider.get_backend("iqm.qpu.garnet")
    axes = backend.plot("coherence").axes[0]
    t1 = 1e6 * np.array([one.t1 for one in backend.target.qubit_properties])
    assert np.allclose(axes.lines[0].get_ydata(), t1)
    assert f"median {np.median(t1):.4g} us" in axes.lines[0].get_label()


def test_what_cannot_be_drawn_says_so(provider, qsim, monkeypatch):
    with pytest.raises(ValidationError, match="no coupling map"):
        qsim.plot()
    with pytest.raises(ValidationError, match="no T1"):
        qsim.plot("coherence")
    with pytest.raises(ValidationError, match="kind is"):
        qsim.plot("gates")
    with pytest.raises(ValidationError, match="no histogram"):
        qsim.run(flip(), mode="amplitudes", bitstrings=["1"]).plot()
    altair = HubProvider.local(seed=7, noise=False).get_backend("quandela.sim.altair")
    rare = QuantumCircuit(3)
    for pair in ((0, 1), (1, 2), (0, 2)):  # one shot in 1,100 is kept
        rare.cx(*pair)
    rare.measure_all()
    with pytest.raises(ValidationError, match="no histogram: no shot of a circuit came back"):
        altair.run([rare, rare, rare], shots=1).plot()
    monkeypatch.setattr("shared_transport.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"qhub-plugins\[notebook\]"):
        qsim.plot()


def test_a_jobs_histogram_has_its_counts(qsim):
    job = qsim.run([flip("a", 1.0), flip("b", 2.0)], shots=400)
    axes = job.plot().axes[0]
    heights = sorted(bar.get_height() for bar in axes.patches)
    counted = sorted(count for counts in job.result().get_counts() for count in counts.values())
    assert heights == counted
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    alone = qsim.run(flip("a", 1.0), shots=400)
    assert alone.plot(title="one").axes[0].get_legend() is None


# The bar.


@pytest.fixture(scope="module")
def slow() -> HubProvider:
    """A Hub whose jobs last a second; on Rigetti's device one after the other."""
    return HubProvider.local(seed=41, workers=1, job_seconds=1.0, noise=False)


def native() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


def test_a_wait_has_a_bar_with_the_queue(slow, bar, capsys):
    backend = slow.get_backend("aws.rigetti.cepheus")
    first, second = (backend.run(native(), shots=5) for _ in range(2))
    assert second.result().get_counts() == {"1": 5}
    drawn = capsys.readouterr().err
    assert re.search(r"cepheus: queued \([12] in the queue\) \|", drawn)
    assert "cepheus: running |" in drawn
    assert "0/1" in drawn
    assert drawn.endswith("\r")  # and it is gone
    first.result()
    drawing = [one for one in threading.enumerate() if one.name == "qhub-progress"]
    for thread in drawing:
        thread.join(5)
    assert not any(thread.is_alive() for thread in drawing)


def test_a_list_counts_its_jobs_also_where_it_is_awaited(slow, bar, capsys):
    backend = slow.get_backend("aws.rigetti.cepheus")

    async def several() -> Any:
        return await backend.run([native()] * 3, shots=5)

    assert asyncio.run(several()).get_counts() == [{"1": 5}] * 3
    drawn = capsys.readouterr().err
    assert re.search(r"cepheus: [12] queued, 1 running \([0-9] in the queue\) \|", drawn)
    assert re.search(r" 1/3 .* 2/3 ", drawn)


def test_primitives_and_sessions_are_awaited(provider):
    backend = HubProvider.local(seed=7, sessions=True).get_backend("aws.sim.sv1")

    async def within() -> tuple[Any, Any, Any]:
        async with HubSession(backend) as session:
            one = await session.run(flip(), shots=7)
            several = await asyncio.gather(*(session.run(flip(), shots=n) for n in (1, 2)))
            sampled = await HubSampler(session).run([flip()], shots=3)
        return one, several, (sampled, session.details())

    one, several, (sampled, details) = asyncio.run(within())
    assert one.get_counts() == {"1": 7}
    assert [result.get_counts() for result in several] == [{"1": 1}, {"1": 2}]
    assert sampled[0].data.c.get_counts() == {"1": 3}
    assert details.status in ("DRAINING", "CLOSED")


def test_a_wait_that_fails_leaves_no_bar(slow, bar, capsys):
    backend = slow.get_backend("kipu.sim.qsim")
    job = backend.run(flip(), shots=5)
    with pytest.raises(TimeoutError):
        job.result(timeout=0.5)
    assert "kipu.sim.qsim: " in capsys.readouterr().err
    job.cancel()


def test_where_the_hub_tells_a_place_it_is_shown():
    places = iter([4, 2])
    jobs = SimpleNamespace(
        get=lambda job_id: Job.model_validate({"id": job_id, "queue_position": next(places)})
    )
    queue = progress._Queue(SimpleNamespace(jobs=jobs), "kipu.sim.qsim")
    assert queue.ahead_of("a") == "4 before it"
    assert queue.ahead_of("a") == "4 before it"  # not asked again so soon
    queue._asked = float("-inf")
    assert queue.ahead_of("a") == "2 before it"


def test_a_bar_lacks_a_queue_that_cannot_be_asked():
    def broken(job_id: str) -> Any:
        raise ServerError("no answer")

    queue = progress._Queue(SimpleNamespace(jobs=SimpleNamespace(get=broken)), "kipu.sim.qsim")
    assert queue.ahead_of("a") is None


class Terminal:
    def __init__(self, tty: bool) -> None:
        self.isatty = lambda: tty


@pytest.mark.parametrize(
    ("wish", "kernel", "shell", "prompt", "tty", "shown"),
    [
        (None, False, False, False, True, False),  # a script in a terminal
        (None, True, True, False, False, True),  # a notebook
        (None, False, True, False, True, True),  # IPython in a terminal
        (None, False, True, False, False, False),  # IPython, piped
        (None, False, False, True, True, True),  # Python's prompt
        (None, False, False, True, False, False),
        ("0", True, True, False, True, False),
        ("1", False, False, False, False, True),
        ("maybe", False, False, False, True, False),
    ],
)
def test_who_sees_a_bar(monkeypatch, wish, kernel, shell, prompt, tty, shown):
    found = SimpleNamespace(kernel=object()) if kernel else SimpleNamespace()
    ipython = SimpleNamespace(get_ipython=lambda: found if shell else None)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(sys, "stderr", Terminal(tty))
    if prompt:
        monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    monkeypatch.delenv("QHUB_PROGRESS", raising=False)
    if wish is not None:
        monkeypatch.setenv("QHUB_PROGRESS", wish)
    assert progress.progress_is_shown() is shown
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    assert progress.progress_is_shown() is False  # tqdm is not installed


def test_a_script_is_quiet_and_loads_nothing_for_it(monkeypatch):
    script = """
import json, sys, threading
from qiskit import QuantumCircuit
from qhub_qiskit import HubProvider
started = []
plain = threading.Thread.start
threading.Thread.start = lambda self: (started.append(self.name), plain(self))
circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
backend = HubProvider.local(workers=1, job_seconds=2.3).get_backend("kipu.sim.qsim")
counts = backend.run(circuit, shots=3).result().get_counts()
loaded = [name for name in ("tqdm", "matplotlib", "IPython") if name in sys.modules]
print(json.dumps([counts, loaded, "qhub-progress" in started]))
"""
    monkeypatch.delenv("QHUB_PROGRESS", raising=False)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [{"0": 3}, [], False]
    assert done.stderr == ""
