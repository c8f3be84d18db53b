"""`HubSampler`: Qiskit's SamplerV2 over any backend of the Hub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.primitives import (
    BasePrimitiveJob,
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveResult,
    SamplerPubLike,
    SamplerPubResult,
)
from qiskit.primitives.containers.sampler_pub import SamplerPub

from shared_transport.bits import ClassicalMemory
from shared_transport.errors import ValidationError

from .primitive_job import HubPrimitiveJob, Measured, Mode, RunOptionsOf

__all__ = ["HubSampler"]


class HubSampler(BaseSamplerV2):
    """Samples circuits on a backend or in a session.

    All circuits of a call that have the same number of shots are one list of `HubBackend.run`: few jobs. They
    have to be circuits of the backend's target: they are not transpiled.

    Args:
        mode: A backend, or a session.
        default_shots: Shots where neither the PUB nor `run` says it; by default ``backend.options.shots``.
        **options: Further options of `HubBackend.run`, for every call.

    Raises:
        ValidationError: An option that the backend does not have.
    """

    def __init__(self, mode: Mode, *, default_shots: int | None = None, **options: Any) -> None:
        self._run = RunOptionsOf(
            mode, options, instead="default_shots=... here, or shots=... of run()"
        )
        self._default_shots = default_shots

    def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> BasePrimitiveJob[PrimitiveResult[SamplerPubResult], Any]:
        """Sample PUBs.

        Args:
            pubs: Circuits, or tuples of a circuit, its parameter values and its shots.
            shots: Shots of those PUBs that do not say it.

        Returns:
            A job whose result has for each PUB a `BitArray` for each classical register, of the shape of the
            parameter values. Where a backend returns fewer shots than asked, all of a PUB have as many as the
            one with the fewest, and the PUB's metadata says how many each had.

        Raises:
            ValidationError: As `HubBackend.run`, or there is no PUB.
        """
        backend = self._run.backend
        given = (shots, self._default_shots, backend.options.shots)
        usual = next(number for number in given if number is not None)
        if usual < 1:
            raise ValidationError(f"shots has to be at least 1, not {usual}.")
        coerced = [SamplerPub.coerce(pub, usual) for pub in pubs]
        if not coerced:
            raise ValidationError("run() was given no PUB.", hint="Give at least one circuit.")
        bound = [np.asarray(pub.parameter_values.bind_all(pub.circuit)) for pub in coerced]
        circuits = [circuit for array in bound for circuit in array.ravel()]
        each = [
            pub.shots for pub, array in zip(coerced, bound, strict=True) for _ in range(array.size)
        ]
        shapes = [array.shape for array in bound]
        headers = [_registers(pub) for pub in coerced]
        names = [dict(pub.circuit.metadata or {}) for pub in coerced]

        assemble = partial(_result, list(zip(shapes, headers, names, strict=True)))
        return HubPrimitiveJob(self._run.submit(circuits, each), assemble)


def _result(
    pubs: Sequence[tuple[tuple[int, ...], dict[str, list[int]], dict[str, Any]]],
    results: Sequence[Measured],
) -> PrimitiveResult[SamplerPubResult]:
    """The result of PUBs of which shape, registers and metadata are known."""
    made, place = [], 0
    for shape, registers, metadata in pubs:
        size = int(np.prod(shape, dtype=int))
        made.append(_pub_result(results[place : place + size], shape, registers, metadata))
        place += size
    return PrimitiveResult(made, metadata={"version": 2})


def _registers(pub: SamplerPub) -> dict[str, list[int]]:
    """The classical bits of each register, by name.

    Raises:
        ValidationError: A name is none that a result can have.
    """
    circuit = pub.circuit
    for register in circuit.cregs:
        try:
            DataBin(**{register.name: None}, shape=())
        except (TypeError, ValueError) as problem:
            raise ValidationError(
                f"The result of a sampler has no place for a register named {register.name!r}: DataBin has its own.",
                hint="Give the register another name.",
            ) from problem
    return {
        register.name: [circuit.find_bit(bit).index for bit in register]
        for register in circuit.cregs
    }


def _pub_result(
    results: Sequence[Measured],
    shape: tuple[int, ...],
    registers: dict[str, list[int]],
    metadata: dict[str, Any],
) -> SamplerPubResult:
    memories: list[ClassicalMemory] = [one.data.classical_memory for one in results]
    counted = [memory.shots for memory in memories]
    shots = min(counted, default=0)
    words = [
        memory.in_order(one.seed)[:shots] for memory, one in zip(memories, results, strict=True)
    ]
    fields = {}
    for name, bits in registers.items():
        packed = [_selected(word, bits) for word in words]
        array = np.array(packed, dtype=np.uint8).reshape(*shape, shots, -(-len(bits) // 8))
        fields[name] = BitArray(array, len(bits))
    told: dict[str, Any] = {"shots": shots, "circuit_metadata": metadata}
    if len(set(counted)) > 1:
        told["shots_returned"] = np.array(counted).reshape(shape).tolist()
    return SamplerPubResult(DataBin(**fields, shape=shape), metadata=told)


def _selected(words: NDArray[np.uint8], bits: Sequence[int]) -> NDArray[np.uint8]:
    """Some bits of packed words, packed: the first bit least significant, bytes big-endian."""
    if not len(bits):
        return np.zeros((len(words), 0), np.uint8)
    unpacked = np.unpackbits(words, axis=1)[:, ::-1][:, list(bits)]
    padding = np.zeros((len(words), -len(bits) % 8), np.uint8)
    return np.packbits(np.concatenate([unpacked, padding], axis=1)[:, ::-1], axis=1)
