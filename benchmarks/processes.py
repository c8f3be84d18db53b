"""What is measured in a process of its own: imports, and the memory of large results."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from shared_transport import HubClient
from shared_transport.models import Backend
from shared_transport.settings import Settings

HOME = Path(__file__).parent.parent
TOKEN = "none"  # noqa: S105 - the null Hub asks for none
# Seconds and peak memory in MB, as JSON. httpx imports trio where it is installed, and only the tests' tools bring it.
TIMED = """
import sys, time
sys.modules["trio"] = None
started = time.perf_counter()
{body}
seconds = time.perf_counter() - started
import json
peak = [l for l in open("/proc/self/status") if l.startswith("VmHWM")]
print(json.dumps([seconds, int(peak[0].split()[1]) * 1024 / 1e6]))
"""


def settings_of(base_url: str) -> Settings:
    """How the null Hub is asked."""
    return Settings(base_url=base_url, token=SecretStr(TOKEN))


def without_shots_range(client: HubClient, backend_id: str) -> Backend:
    """A backend as the Hub describes it, that takes any number of shots."""
    described = client.backends.get(backend_id)
    many = described.configuration.model_copy(update={"shots_range": None})
    return described.model_copy(update={"configuration": many})


def requests_of(base_url: str) -> int:
    """How many requests the null Hub has answered."""
    return int(sum(httpx.get(f"{base_url}/stats", trust_env=False).json()["operations"].values()))


def beyond(base: str, bodies: Sequence[str], base_url: str, repeat: int) -> tuple[float, float]:
    """What scripts take beyond another, each in a fresh process.

    Args:
        base: What they are held against.
        bodies: The scripts.
        base_url: The Hub of their environment.
        repeat: How many rounds; one before them is not counted.

    Returns:
        Seconds of the worst script, as the median of its differences from the base of the same round, for a
        machine's speed drifts; and the largest peak of memory in MB.
    """
    rounds = [[_fresh(body, base_url) for body in (base, *bodies)] for _ in range(1 + repeat)]
    seconds = [
        statistics.median(one[place][0] - one[0][0] for one in rounds[1:])
        for place in range(1, 1 + len(bodies))
    ]
    return max(seconds), max(memory for one in rounds[1:] for _, memory in one[1:])


def _fresh(body: str, base_url: str) -> tuple[float, float]:
    """Seconds and MB of a script, with compiled modules as users have them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {
        **kept,
        "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "qhub-benchmark-pycache"),
        "QHUB_QUANTUM_BASE_URL": base_url,
        "QHUB_ALLOW_HTTP": "1",
        "KQH_PERSONAL_ACCESS_TOKEN": TOKEN,
    }
    seconds, peak = _said([sys.executable, "-c", TIMED.format(body=body)], environment)
    return seconds, peak


def measured_apart(module: str, *arguments: str) -> Any:
    """What a benchmark prints as JSON when it is run as a script."""
    return _said([sys.executable, "-m", module, *arguments], None)


def _said(command: Sequence[str], environment: dict[str, str] | None) -> Any:
    done = subprocess.run(command, cwd=HOME, env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def forget_peak() -> None:
    """Let this process's peak of memory begin now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def resident(word: str) -> float:
    """A figure of this process's memory in MB: ``VmRSS`` now, ``VmHWM`` at its peak.

    `resource.getrusage` will not do: a child's peak begins at its parent's.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) / 1e6 for line in lines if line.startswith(word))
