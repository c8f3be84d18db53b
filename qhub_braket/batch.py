"""`HubQuantumTaskBatch`: several tasks that were created together."""

from __future__ import annotations

from collections.abc import Sequence

from braket.tasks.quantum_task import TaskResult
from braket.tasks.quantum_task_batch import QuantumTaskBatch

from .task import HubQuantumTask

__all__ = ["HubQuantumTaskBatch"]


class HubQuantumTaskBatch(QuantumTaskBatch):
    """Tasks in the order of their programs. Each one is a job of its own on the Hub.

    Attributes:
        tasks: The tasks.
    """

    def __init__(self, tasks: Sequence[HubQuantumTask]) -> None:
        self.tasks = list(tasks)

    @property
    def size(self) -> int:
        """Number of tasks."""
        return len(self.tasks)

    def results(self) -> list[TaskResult]:
        """Wait for all tasks and give their results in the order of the programs.

        Raises:
            JobFailedError: A task failed; the others keep their results (``batch.tasks[i].result()``).
            JobCancelledError: A task was cancelled.
        """
        return [task.result() for task in self.tasks]

    def __repr__(self) -> str:
        return f"HubQuantumTaskBatch({self.tasks!r})"
