"""The operations of the Hub API, one small function each, without I/O.

A function describes a request and how its answer is read; the clients execute it. Names follow the API's
operation ids.
"""

from .backends import (
    get_backend,
    get_backend_calibration,
    get_backend_calibration_history,
    get_backend_config,
    get_backend_status,
    get_backends,
    get_least_busy_backend,
)
from .jobs import (
    cancel_job,
    create_job,
    get_job,
    get_job_calibration,
    get_job_input,
    get_job_input_normalized,
    get_job_result,
    get_job_result_normalized,
    get_job_result_normalized_memory,
    get_job_result_stream,
    get_job_status,
    search_jobs,
)
from .service_executions import (
    cancel_service_execution_job,
    close_service_execution_session,
    get_service_execution_job,
    get_service_execution_job_calibration,
    get_service_execution_job_input,
    get_service_execution_job_result_stream,
    get_service_execution_job_status,
    get_service_execution_session,
    get_service_execution_session_jobs,
    get_service_execution_session_status,
    get_service_execution_workloads,
    update_service_execution_session_state,
)
from .sessions import (
    close_session,
    create_session,
    get_session,
    get_session_jobs,
    get_session_status,
    update_session_state,
)
from .workloads import get_runtime_minutes, get_workloads

__all__ = [
    "cancel_job",
    "cancel_service_execution_job",
    "close_service_execution_session",
    "close_session",
    "create_job",
    "create_session",
    "get_backend",
    "get_backend_calibration",
    "get_backend_calibration_history",
    "get_backend_config",
    "get_backend_status",
    "get_backends",
    "get_job",
    "get_job_calibration",
    "get_job_input",
    "get_job_input_normalized",
    "get_job_result",
    "get_job_result_normalized",
    "get_job_result_normalized_memory",
    "get_job_result_stream",
    "get_job_status",
    "get_least_busy_backend",
    "get_runtime_minutes",
    "get_service_execution_job",
    "get_service_execution_job_calibration",
    "get_service_execution_job_input",
    "get_service_execution_job_result_stream",
    "get_service_execution_job_status",
    "get_service_execution_session",
    "get_service_execution_session_jobs",
    "get_service_execution_session_status",
    "get_service_execution_workloads",
    "get_session",
    "get_session_jobs",
    "get_session_status",
    "get_workloads",
    "search_jobs",
    "update_service_execution_session_state",
    "update_session_state",
]
