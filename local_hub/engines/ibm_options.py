"""Options of IBM's primitives that a simulation cannot honour."""

from __future__ import annotations

from typing import Any


def not_simulated(options: dict[str, Any], *, mitigates_readout: bool = False) -> list[str]:
    """Name the options that were asked for and have no effect here.

    Args:
        options: As they were sent.
        mitigates_readout: Whether the mitigation of readout errors is simulated.
    """
    named = []
    if options.get("dynamical_decoupling", {}).get("enable"):
        named.append("dynamical_decoupling")
    twirling = options.get("twirling", {})
    named += [
        f"twirling.{name}" for name in ("enable_gates", "enable_measure") if twirling.get(name)
    ]
    resilience = options.get("resilience", {})
    kinds = ["zne_mitigation", "pec_mitigation"]
    if not mitigates_readout:
        kinds.append("measure_mitigation")
    named += [f"resilience.{name}" for name in kinds if resilience.get(name)]
    named += [name for name in ("experimental", "simulator") if options.get(name)]
    return named
