"""The command that says what a run would be, before it is one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .completion import backend_ids
from .options import Call, LocalOrNot, Sdk, SdkOption, command

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from shared_transport.client import HubClient
    from shared_transport.explanation import Explanation, Explanations
    from shared_transport.prices import Prices

    from .programs import Source

__all__ = ["explain"]


@command
def explain(
    call: Call,
    file: Annotated[Path, typer.Argument(help="A file of OpenQASM 2 or 3.", show_default=False)],
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend",
            "-b",
            help="Id of one backend, or a pattern such as 'ibm.*'; by default all.",
            autocompletion=backend_ids,
        ),
    ] = None,
    shots: Annotated[
        int, typer.Option("--shots", "-s", help="How often the circuit would be executed.")
    ] = 1000,
    sdk: SdkOption = Sdk.qiskit,
    prices: Annotated[
        Path | None,
        typer.Option(
            help="JSON file of what you pay: per_task, per_shot, per_second by id or pattern of a backend.",
            show_default=False,
        ),
    ] = None,
    local: LocalOrNot = None,
) -> None:
    """Say where a circuit fits, how well, and what would be sent. Nothing is submitted.

    --json has the exact requests.
    """
    from shared_transport.client import HubClient
    from shared_transport.explanation import Explanations

    from .output import View, block
    from .programs import in_words_of_the_command, read_source

    source = read_source(file)
    paid = None if prices is None else _read_prices(prices)
    client = HubClient(call.settings_or_local(local) or call.settings(local=True))
    ask = _by_braket if sdk is Sdk.braket else _by_qiskit
    with in_words_of_the_command(source, backend or ""):
        told = ask(client, source, backend, shots, paid)

    def picture(out: Console) -> Iterator[RenderableType]:
        yield block(str(told))

    none = isinstance(told, Explanations) and not told
    call.show(View(told.to_dict(), picture, ["No backend fits."] if none else ()))


def _by_qiskit(
    client: HubClient, source: Source, backend: str | None, shots: int, prices: Prices | None
) -> Explanation | Explanations:
    from qhub_qiskit import HubProvider
    from shared_transport.explanation import Explanations

    from .programs import to_circuit

    provider = HubProvider(client=client)
    circuit = to_circuit(source)
    if backend is not None and not _is_pattern(backend):
        one = provider.get_backend(backend).explain(circuit, shots=shots, prices=prices)
        return _said(one, source)
    where = {} if backend is None else {"name": backend}
    rows = provider.explain(circuit, where=where, shots=shots, prices=prices)
    return Explanations([_said(one, source) for one in rows])


def _by_braket(
    client: HubClient, source: Source, backend: str | None, shots: int, prices: Prices | None
) -> Explanation | Explanations:
    from qhub_braket import HubProvider
    from shared_transport.explanation import Explanations
    from shared_transport.extras import require_extra

    from .programs import to_braket

    provider = HubProvider(client=client)
    require_extra("Explaining a Braket program", "braket", "braket.circuits")
    from qhub_braket.explain import explain, explain_everywhere

    text, _ = to_braket(source)
    if backend is not None and not _is_pattern(backend):
        one = explain(provider.get_device(backend), text, shots, prices=prices)
        return _said(one, source)
    rows = explain_everywhere(provider, text, shots, prices=prices)
    return Explanations(
        [_said(one, source) for one in rows if backend is None or fnmatchcase(one.backend, backend)]
    )


def _said(one: Explanation, source: Source) -> Explanation:
    """The same without Python in its hint."""
    from shared_transport.errors import ValidationError

    from .programs import said_of_file

    if one.fits is not False or one.why is None:
        return one
    said = said_of_file(ValidationError(one.why, hint=one.hint), source, one.backend)
    return replace(one, why=said.message, hint=said.hint)


def _is_pattern(text: str) -> bool:
    return any(letter in text for letter in "*?[")


def _read_prices(path: Path) -> dict[str, Any]:
    from shared_transport.errors import ValidationError

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        reason = problem.strerror
    except ValueError as problem:
        reason = f"{problem}"
    else:
        if isinstance(document, dict):
            return document
        reason = "it is no JSON object"
    raise ValidationError(
        f"The prices cannot be read from {path}: {reason}.",
        hint='An example: {"ibm.*": {"per_second": 1.5}, "aws.*": {"per_task": 0.3, "per_shot": 0.01}}',
    )
