"""The options of IBM's primitives: what holds where none is given, and what a simulation cannot honour.

Source of the defaults: the documentation of qiskit_ibm_runtime's option classes; of the metadata's shape, the results
that IBM shows in its guides to the primitives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

_DEFAULT_LEVEL = 1
_AUTO_RANDOMIZATIONS = 32
_FEWEST_SHOTS = 64
_RESILIENCE_LEARNING = frozenset({"layer_noise_model", "experimental"})


@dataclass(frozen=True)
class PrimitiveOptions:
    """Options of a sampler or an estimator, as they were sent, and what follows from them.

    Attributes:
        given: `input.options`, checked by the server.
        level: The resilience level; 0 for a sampler.
    """

    given: dict[str, Any]
    level: int = 0

    @classmethod
    def of_sampler(cls, task_input: dict[str, Any]) -> PrimitiveOptions:
        """Read a sampler's."""
        return cls(task_input.get("options", {}))

    @classmethod
    def of_estimator(cls, task_input: dict[str, Any]) -> PrimitiveOptions:
        """Read an estimator's."""
        level = task_input.get("resilience_level", _DEFAULT_LEVEL)
        return cls(task_input.get("options", {}), level)

    def group(self, name: str) -> dict[str, Any]:
        """What was given of a group of options, nulls left out."""
        given = self.given.get(name) or {}
        return {key: value for key, value in given.items() if value is not None}

    @property
    def decoupling(self) -> dict[str, Any]:
        """Dynamical decoupling, defaults filled in."""
        defaults = {
            "enable": False,
            "sequence_type": "XX",
            "extra_slack_distribution": "middle",
            "scheduling_method": "alap",
        }
        return defaults | self.group("dynamical_decoupling")

    @property
    def twirling(self) -> dict[str, Any]:
        """Twirling, defaults filled in; an estimator's depend on its level."""
        defaults = {
            "enable_gates": self.level > 1,
            "enable_measure": self.level > 0,
            "num_randomizations": "auto",
            "shots_per_randomization": "auto",
            "interleave_randomizations": True,
            "strategy": "active-accum",
        }
        return defaults | self.group("twirling")

    @property
    def resilience(self) -> dict[str, Any]:
        """Which mitigations are on, and what was said of them; models of noise are left out."""
        defaults = {
            "measure_mitigation": self.level > 0,
            "zne_mitigation": self.level > 1 and not self.group("resilience").get("pec_mitigation"),
            "pec_mitigation": False,
        }
        given = {
            key: value
            for key, value in self.group("resilience").items()
            if key not in _RESILIENCE_LEARNING
        }
        return defaults | given

    @property
    def seed(self) -> int | None:
        """The seed that the user chose."""
        chosen = self.given.get("seed_estimator")
        return self.group("simulator").get("seed_simulator") if chosen is None else chosen

    @property
    def shots_of_twirling(self) -> int | None:
        """Shots that follow from the numbers of twirling, which go before `default_shots`."""
        twirling = self.twirling
        if not (twirling["enable_gates"] or twirling["enable_measure"]):
            return None
        each, randomizations = twirling["shots_per_randomization"], twirling["num_randomizations"]
        return None if "auto" in (each, randomizations) else int(each * randomizations)

    def randomizations(self, shots: int) -> int:
        """How many randomizations a PUB of so many shots has; 1 without twirling."""
        twirling = self.twirling
        if not (twirling["enable_gates"] or twirling["enable_measure"]):
            return 1
        each, number = twirling["shots_per_randomization"], twirling["num_randomizations"]
        if number != "auto":
            return int(number)
        if each == "auto":
            each = max(_FEWEST_SHOTS, math.ceil(shots / _AUTO_RANDOMIZATIONS))
            if self.resilience["pec_mitigation"]:
                each = _FEWEST_SHOTS
        return math.ceil(shots / int(each))

    def not_simulated(self) -> list[str]:
        """Name the options that are on and have no effect here."""
        named = ["dynamical_decoupling"] if self.decoupling["enable"] else []
        twirling = self.twirling
        named += [
            f"twirling.{name}" for name in ("enable_gates", "enable_measure") if twirling[name]
        ]
        resilience = self.resilience
        named += [
            f"resilience.{name}"
            for name in ("zne_mitigation", "pec_mitigation")
            if resilience[name]
        ]
        if self.group("resilience").get("layer_noise_model"):
            named.append("resilience.layer_noise_model")
        named += [f"execution.{name}" for name in self.group("execution") if name == "rep_delay"]
        if self.group("execution").get("init_qubits") is False:
            named.append("execution.init_qubits")
        simulator = [name for name in self.group("simulator") if name != "seed_simulator"]
        named += [f"simulator.{name}" for name in simulator]
        return named + [f"experimental.{name}" for name in self.group("experimental")]


@dataclass
class Notes:
    """What a result's metadata says of how it was simulated.

    Attributes:
        noise: One sentence a PUB: which noise it was simulated with.
        changes: What was made of a PUB before it was simulated.
    """

    noise: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
