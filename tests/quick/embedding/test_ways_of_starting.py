"""`HubProvider.local()` in a script without a main guard, a notebook, forks, pytest-xdist, and after kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[3]
SIXTY = 60

BELL = """
from qhub_qiskit import HubProvider
from qiskit import QuantumCircuit

def bell():
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit

def run(backend="aws.sim.sv1"):
    counts = HubProvider.local().get_backend(backend).run(bell(), shots=100).result().get_counts()
    assert set(counts) == {"00", "11"} and sum(counts.values()) == 100, counts
    return counts
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "script.py"
    path.write_text(BELL + textwrap.dedent(text))
    return path


def run_script(path: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=SIXTY, cwd=path.parent
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def hub_processes(parent: int) -> list[psutil.Process]:
    return psutil.Process(parent).children(recursive=True)


def wait_until_gone(processes: list[psutil.Process], seconds: float = 15) -> list[psutil.Process]:
    return psutil.wait_procs(processes, timeout=seconds)[1]


def test_a_script_without_a_main_guard(tmp_path):
    """It runs once: a child that imported it again would print again."""
    path = script(tmp_path, "print(sum(run().values()), sum(run('kipu.sim.qsim').values()))")
    assert run_script(path) == "100 100\n"


def test_a_file_that_is_named_like_a_module_does_no_harm(tmp_path):
    (tmp_path / "queue.py").write_text("raise RuntimeError('not this one')\n")
    path = script(tmp_path, "print('never')")
    path.write_text(
        "import sys\nsys.path.pop(0)\n" + path.read_text().replace("'never'", "run()['00'] > 0")
    )
    assert run_script(path) == "True\n"


def test_both_plugins_share_one_hub(tmp_path):
    path = script(
        tmp_path,
        """
        import psutil
        from braket.circuits import Circuit
        import qhub_braket
        device = qhub_braket.HubProvider.local().get_device("aws.sim.sv1")
        task = device.run(Circuit().h(0).cnot(0, 1), shots=100)
        assert set(task.result().measurement_counts) == {"00", "11"}
        run()
        hubs = [child for child in psutil.Process().children() if "local_hub" in child.cmdline()]
        print(len(hubs), qhub_braket.HubProvider.local().task(task.id).state())
        """,
    )
    assert run_script(path) == "1 COMPLETED\n"


def test_a_forked_child_has_a_hub_of_its_own(tmp_path):
    path = script(
        tmp_path,
        """
        import os, sys
        first = HubProvider.local()
        run()
        child = os.fork()
        if child == 0:
            run()
            same = HubProvider.local().client.settings.base_url == first.client.settings.base_url
            sys.exit(3 if same else 0)
        _, status = os.waitpid(child, 0)
        run()
        print(os.waitstatus_to_exitcode(status))
        """,
    )
    assert run_script(path) == "0\n"


def test_a_client_of_the_parent_works_in_a_forked_child(tmp_path):
    path = script(
        tmp_path,
        """
        import os
        backend = HubProvider.local().get_backend("aws.sim.sv1")
        backend.run(bell(), shots=100).result()
        child = os.fork()
        if child == 0:
            counts = backend.run(bell(), shots=100).result().get_counts()
            os._exit(0 if sum(counts.values()) == 100 else 1)
        _, status = os.waitpid(child, 0)
        backend.run(bell(), shots=100).result()
        print(os.waitstatus_to_exitcode(status))
        """,
    )
    assert run_script(path) == "0\n"


def test_multiprocessing_in_every_way(tmp_path):
    path = script(
        tmp_path,
        """
        import multiprocessing

        if __name__ == "__main__":
            run()
            for way in ("fork", "spawn"):
                with multiprocessing.get_context(way).Pool(2) as pool:
                    print(way, len(pool.map(run, ["aws.sim.sv1", "aws.sim.sv1"])))
        """,
    )
    assert run_script(path) == "fork 2\nspawn 2\n"


def test_a_notebook(tmp_path):
    cells = [
        BELL,
        "counts = run()",
        "job = HubProvider.local().get_backend('kipu.sim.qsim').run(bell(), shots=50)",
        "result = await job\nprint(sum(counts.values()), sum(result.get_counts().values()))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(
        notebook, timeout=SIXTY, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    # A wait of more than two seconds shows a progress bar beside it.
    (printed,) = [out for out in notebook.cells[-1].outputs if out.get("name") == "stdout"]
    assert printed.text == "100 50\n"


def test_pytest_with_two_workers(tmp_path):
    tests = "\n".join(f"def test_{i}(): run()" for i in range(4))
    (tmp_path / "test_bell.py").write_text(BELL + tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=SIXTY,
        cwd=tmp_path,
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("moment", ["idle", "simulating"])
def test_kill_9_of_the_parent_leaves_nothing(tmp_path, moment):
    text = """
        import time
        backend = HubProvider.local().get_backend("aws.sim.sv1")
        run()
        if {simulating}:
            circuit = QuantumCircuit(23, 1)
            for layer in range(400):
                for qubit in range(23):
                    circuit.rx(0.1 + layer, qubit)
            circuit.measure(0, 0)
            backend.run(circuit, shots=1)
        print(HubProvider.local().client.settings.runtime_file, flush=True)
        time.sleep(60)
        """.replace("{simulating}", str(moment == "simulating"))
    with subprocess.Popen(
        [sys.executable, str(script(tmp_path, text))], stdout=subprocess.PIPE, text=True
    ) as parent:
        runtime_file = Path(parent.stdout.readline().strip())
        assert json.loads(runtime_file.read_text())["base_url"]
        assert runtime_file.stat().st_mode & 0o077 == 0
        if moment == "simulating":
            time.sleep(0.5)
        processes = hub_processes(parent.pid)
        assert len(processes) >= 2
        os.kill(parent.pid, signal.SIGKILL)
        assert wait_until_gone(processes) == []
    assert not runtime_file.parent.exists()


def test_kill_9_of_the_parent_while_a_forked_child_lives(tmp_path):
    """The child holds a copy of everything the parent had, the pipe to the Hub included."""
    text = """
        import os, time
        HubProvider.local()
        hub = HubProvider.local()
        child = os.fork()
        if child == 0:
            time.sleep(30)
            os._exit(0)
        print(child, flush=True)
        time.sleep(60)
        """
    with subprocess.Popen(
        [sys.executable, str(script(tmp_path, text))], stdout=subprocess.PIPE, text=True
    ) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        processes = [p for p in hub_processes(parent.pid) if p != child]
        assert processes
        os.kill(parent.pid, signal.SIGKILL)
        assert wait_until_gone(processes) == []
        assert child.is_running()
        child.kill()


def test_ctrl_c_ends_the_wait_and_not_the_hub(tmp_path):
    text = """
        import os, signal, threading, time
        backend = HubProvider.local().get_backend("aws.sim.sv1")
        run()
        circuit = QuantumCircuit(23, 1)
        for layer in range(400):
            for qubit in range(23):
                circuit.rx(0.1 + layer, qubit)
        circuit.measure(0, 0)
        job = backend.run(circuit, shots=1)
        threading.Timer(0.5, lambda: os.killpg(os.getpgrp(), signal.SIGINT)).start()
        started = time.monotonic()
        try:
            job.result()
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - started < 3, flush=True)
        job.cancel()
        print(sum(run().values()))
        """
    done = subprocess.run(
        [sys.executable, str(script(tmp_path, text))],
        capture_output=True,
        text=True,
        timeout=SIXTY,
        start_new_session=True,
    )
    assert done.stdout == "interrupted True\n100\n", done.stderr


def test_jobs_survive_in_a_state_folder(tmp_path):
    path = script(
        tmp_path,
        """
        import sys
        provider = HubProvider.local(state="jobs")
        if len(sys.argv) == 1:
            print(provider.get_backend("kipu.sim.qsim").run(bell(), shots=64).job_id())
        else:
            print(sum(provider.job(sys.argv[1]).result().get_counts().values()))
        """,
    )
    job_id = run_script(path).strip()
    again = subprocess.run(
        [sys.executable, str(path), job_id],
        capture_output=True,
        text=True,
        timeout=SIXTY,
        cwd=tmp_path,
        check=True,
    )
    assert again.stdout == "64\n"
