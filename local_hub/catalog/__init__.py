"""The backends of the local Hub, from JSON files beside this module.

- `backends/<id>.json`: what `GET /backends/{id}` says;
- `devices/<id>.json`: what `GET /backends/{id}/config` says, in the vendor's own format;
- `limits.json`: what this machine holds of each backend; not served.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Backend:
    """A backend.

    Attributes:
        document: What the API says of it, live figures apart.
        config: The device document, as JSON text.
        limits: What this machine holds; the names are the engine's.
    """

    document: dict[str, Any]
    config: bytes
    limits: dict[str, int]

    @property
    def id(self) -> str:
        """The backend's id."""
        return str(self.document["id"])

    @property
    def provider(self) -> str:
        """The cloud that offers it."""
        return str(self.document["provider"])

    @property
    def input_formats(self) -> list[str]:
        """The formats it takes; the first is the one meant when a job names none."""
        return list(self.document["configuration"]["supported_input_formats"])

    @property
    def qubit_count(self) -> int:
        """How many qubits the device has."""
        return int(self.document["configuration"]["qubit_count"])

    @property
    def shots_range(self) -> tuple[int, int]:
        """The fewest and the most shots of a job."""
        bounds = self.document["configuration"]["shots_range"]
        return int(bounds["min"]), int(bounds["max"])


class Catalog:
    """All backends, by id."""

    def __init__(self, folder: Path = _HERE) -> None:
        limits = json.loads((folder / "limits.json").read_text())
        self._backends: dict[str, Backend] = {}
        for path in sorted((folder / "backends").glob("*.json")):
            config = json.dumps(json.loads((folder / "devices" / path.name).read_text())).encode()
            self._backends[path.stem] = Backend(
                json.loads(path.read_text()), config, limits.get(path.stem, {})
            )

    def all(self) -> list[Backend]:
        """All backends, by id."""
        return list(self._backends.values())

    def get(self, backend_id: str) -> Backend | None:
        """One backend, if there is such a one."""
        return self._backends.get(backend_id)

    def nearest(self, backend_id: str) -> list[str]:
        """Ids that may have been meant; all of them when none is near."""
        return difflib.get_close_matches(backend_id, self._backends, n=3, cutoff=0.4) or list(
            self._backends
        )
