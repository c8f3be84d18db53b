"""The commands on backends: what there is, and what one can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .completion import backend_ids
from .options import Call, Interval, Local, Watch, command

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from shared_transport.client import HubClient
    from shared_transport.models import Backend, BackendStateInfo, Calibration

    from .output import View

__all__ = ["BackendId", "backend", "backends"]

BackendId = Annotated[
    str,
    typer.Argument(
        help="Id of the backend, such as ibm.qpu.fez.",
        autocompletion=backend_ids,
        show_default=False,
    ),
]


@command
def backends(
    call: Call,
    name: Annotated[
        str | None,
        typer.Argument(help="An id, or a pattern such as 'ibm.*'.", autocompletion=backend_ids),
    ] = None,
    provider: Annotated[str | None, typer.Option(help="The cloud, such as AWS.")] = None,
    hardware_provider: Annotated[
        str | None, typer.Option(help="Who built it, such as IONQ.")
    ] = None,
    technology: Annotated[str | None, typer.Option(help="Such as SUPERCONDUCTING.")] = None,
    simulator: Annotated[
        bool | None,
        typer.Option(
            "--simulator/--qpu", help="Only simulators, or only QPUs.", show_default=False
        ),
    ] = None,
    min_num_qubits: Annotated[
        int | None, typer.Option(help="Fewest qubits.", min=0, metavar="N")
    ] = None,
    operational: Annotated[
        bool | None,
        typer.Option(
            "--operational/--not-operational",
            help="Only those that run now, or only the others.",
            show_default=False,
        ),
    ] = None,
    local: Local = False,
    watch: Watch = False,
    interval: Interval = 10.0,
) -> None:
    """List the backends."""
    from shared_transport.parallel import at_once

    client = call.client(local=local)
    words = {
        "provider": provider,
        "hardware_provider": hardware_provider,
        "technology": technology,
    }

    def wanted(one: Backend) -> bool:
        return (
            (name is None or fnmatchcase(one.id, name))
            and all(
                word is None or str(getattr(one, field)).upper() == word.upper()
                for field, word in words.items()
            )
            and (simulator is None or one.simulator is simulator)
            and (min_num_qubits is None or (one.configuration.qubit_count or 0) >= min_num_qubits)
        )

    def look() -> View:
        chosen = list(filter(wanted, client.backends.list()))
        states: Iterable[BackendStateInfo | None] = [None] * len(chosen)
        if client.settings.authenticated or operational is not None:
            states = at_once(lambda one: client.backends.status(one.id), chosen)
        rows = [
            (one, state)
            for one, state in zip(chosen, states, strict=True)
            if operational is None
            or (state is not None and (state.status == "ONLINE") is operational)
        ]
        return _list_view(rows, client)

    call.show_or_watch(look, watching=watch, interval=interval)


def _list_view(rows: list[tuple[Backend, BackendStateInfo | None]], client: HubClient) -> View:
    from .output import Column, View, listing, status_text

    columns = (
        Column("ID"),
        Column("Type"),
        Column("Technology"),
        Column("Qubits", right=True),
        Column("State"),
        Column("Queue", right=True),
        Column("Access"),
        Column("Name", cut=True),
    )

    def picture(out: Console) -> Iterator[RenderableType]:
        cells = [
            (
                one.id,
                _text(one.type),
                _text(one.technology).replace("UNKNOWN", ""),
                _text(one.configuration.qubit_count),
                status_text(state.status if state is not None else ""),
                _text(state.queue_size if state is not None else one.queue_size),
                _text(one.access_type),
                one.display_name or one.name or "",
            )
            for one, state in rows
        ]
        yield listing(columns, cells, out.width)

    notes = []
    if not client.settings.authenticated:
        notes.append(
            "Without a token the Hub tells less: no states and queues. `qhub login` stores one."
        )
    if not rows:
        notes.append("No backend fits.")
    return View([_document(one, state) for one, state in rows], picture, notes)


@command
def backend(call: Call, id: BackendId, local: Local = False) -> None:
    """Show a backend: qubits, gates, queue, calibration, and its coupling map."""
    client = call.client(local=local)
    described = _find(client, id)
    state = client.backends.status(described.id) if client.settings.authenticated else None
    known = _calibration(client, described)
    call.show(_page(client, described, state, known))


def _page(
    client: HubClient,
    described: Backend,
    state: BackendStateInfo | None,
    known: Calibration | None,
) -> View:
    from .output import View, facts_table, heading, status_text, when

    document = _document(described, state)
    if known is not None:
        document["calibrated_at"] = known.model_dump(mode="json")["calibrated_at"]

    def picture(out: Console) -> Iterator[RenderableType]:
        settings = described.configuration
        gates = sorted(settings.gates, key=lambda gate: not gate.native_gate)
        shots = settings.shots_range
        yield heading(described.display_name or described.id)
        yield facts_table(
            [
                ("Id", described.id),
                ("Type", " ".join(filter(None, (_text(described.type), described.technology)))),
                ("Made by", described.hardware_provider),
                ("Offered by", described.provider),
                ("State", status_text(state.status) if state is not None else None),
                ("Queue", _queue(state)),
                ("Access", _text(described.access_type)),
                ("Qubits", _text(settings.qubit_count)),
                ("Native gates", " ".join(_text(g.name) for g in gates if g.native_gate)),
                ("Other gates", " ".join(_text(g.name) for g in gates if not g.native_gate)),
                ("Can also", " ".join(dict.fromkeys(settings.operations + settings.instructions))),
                ("Shots", f"{_text(shots.min)} to {_text(shots.max)}" if shots else None),
                ("Takes", " ".join(map(str, settings.supported_input_formats))),
                ("Calibrated", when(known.calibrated_at) if known is not None else None),
                ("Medians", _medians(client, described) if known is not None else None),
                ("About", str((described.documentation or {}).get("description") or "")),
                ("See", str((described.documentation or {}).get("url") or "")),
            ]
        )
        yield from _map(described, out)

    return View(document, picture)


def _map(described: Backend, out: Console) -> Iterator[RenderableType]:
    from .coupling_map import couplings, draw
    from .output import block, heading

    connectivity = described.configuration.connectivity
    if connectivity is None:
        return
    if connectivity.fully_connected:
        yield ""
        yield "Every qubit is coupled to every other."
    elif connectivity.graph:
        graph = connectivity.graph
        yield ""
        yield heading(f"Coupling map ({len(couplings(graph))} pairs)")
        drawing = draw(graph, out.width, ascii_only=out.options.ascii_only)
        if drawing is None:
            drawing = "\n".join(f"{qubit}: {' '.join(graph[qubit])}" for qubit in graph)
        yield block(drawing)


def _find(client: HubClient, backend_id: str) -> Backend:
    """What the Hub says of a backend; without credentials, what its list says.

    Raises:
        NotFoundError: It has none of this id; the error offers the nearest ones.
    """
    from shared_transport.errors import NotFoundError, did_you_mean
    from shared_transport.provider import ProviderBase

    if client.settings.authenticated:
        return ProviderBase(client=client)._describe(backend_id)
    known = {one.id: one for one in client.backends.list()}
    if backend_id in known:
        return known[backend_id]
    raise NotFoundError(
        f"The Hub has no backend {backend_id!r}.",
        hint=did_you_mean(
            backend_id, known, f"It has {', '.join(sorted(known)) or 'none at all'}."
        ),
    )


def _calibration(client: HubClient, described: Backend) -> Calibration | None:
    if not (client.settings.authenticated and described.has_calibration):
        return None
    return client.backends.calibration(described.id)


def _medians(client: HubClient, described: Backend) -> str:
    """The medians of the calibration; what they need, where Qiskit is absent."""
    from shared_transport.errors import MissingExtraError

    from .figures import read_figures

    try:
        figures = read_figures(client, described.id)
    except MissingExtraError as missing:
        from .versions import install_line

        return f"to have them: {install_line(missing.extra)}"
    return figures.medians() if figures is not None else ""


def _queue(state: BackendStateInfo | None) -> str:
    if state is None or state.queue_size is None:
        return ""
    average = f", {state.queue_avg_time} s on average" if state.queue_avg_time else ""
    return f"{state.queue_size} waiting{average}"


def _document(described: Backend, state: BackendStateInfo | None) -> dict[str, Any]:
    document = described.model_dump(mode="json", exclude_unset=True)
    if state is not None:
        document["state"] = state.model_dump(mode="json", exclude_unset=True)
    return document


def _text(value: object) -> str:
    return "" if value is None else str(value)
