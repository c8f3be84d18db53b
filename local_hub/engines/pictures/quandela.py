"""Quandela: Perceval's experiments, drawn by Perceval."""

from __future__ import annotations

from collections.abc import Iterator

from perceval.rendering import Format
from perceval.rendering.pdisplay import pdisplay_experiment

from local_hub.catalog import device_document
from local_hub.engines.base import Refused, Task
from local_hub.engines.pictures.base import Drawing, preparing
from local_hub.engines.quandela_payload import Platform, read
from local_hub.engines.quandela_serialized import PERCEVAL_ERRORS

_MOST_COMPONENTS = 400


def draw(task: Task) -> Iterator[Drawing]:
    """Draw each experiment."""
    computations = read(task, Platform.of(device_document(task.backend_id)))
    for number, computation in enumerate(computations):
        experiment = computation.experiment
        if len(experiment.components) > _MOST_COMPONENTS:
            raise Refused(f"{len(experiment.components)} components are too many to draw.")
        try:
            # Numbers as they are: to make fractions of them takes Perceval long.
            text = pdisplay_experiment(
                experiment, output_format=Format.TEXT, recursive=True, nsimplify=False
            )
        except PERCEVAL_ERRORS as error:
            raise Refused(f"Perceval does not draw the experiment: {error}") from error
        lines = f"input {experiment.input_state}\n{text}"
        yield Drawing(f"Iteration {number}" if len(computations) > 1 else "", lines)


prepare = preparing(draw)
