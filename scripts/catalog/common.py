"""What the catalog's scripts share: where files go, how they are written, and seeded figures that look measured."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parents[2] / "local_hub" / "catalog"
ALL_DAY = [{"granularity": "DAILY", "start": "00:00:00", "end": "23:59:59"}]
# When the synthetic calibrations were made, by their own words; the newest last.
CALIBRATED = ("2026-10-05T06:12:41Z", "2026-10-26T05:48:03Z", "2026-11-16T06:02:27Z")
UPDATED = "2026-11-22"


def write(
    kind: str, backend_id: str, document: Any, *, compact: bool = False, packed: bool = False
) -> None:
    """Write one file of the catalog, as gzip where it is large; the same document gives the same bytes."""
    path = CATALOG / kind / f"{backend_id}.json"
    path.parent.mkdir(exist_ok=True)
    layout: dict[str, Any] = {"separators": (",", ":")} if compact or packed else {"indent": 1}
    text = json.dumps(document, **layout) + "\n"
    if packed:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    else:
        path.write_text(text, encoding="utf-8")


def around(chance: random.Random, typical: float, spread: float = 0.35) -> float:
    """An error or a time near a typical one, to four digits: lognormal, as measured ones are."""
    return float(f"{typical * chance.lognormvariate(0.0, spread):.4g}")


def gates(names: list[str], native: set[str]) -> list[dict[str, Any]]:
    """The `configuration.gates` of a backend."""
    return [{"name": name, "native_gate": name in native} for name in names]
