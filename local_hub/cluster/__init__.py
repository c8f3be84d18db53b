"""Computing on a Ray cluster instead of on this machine: `python -m local_hub --executor ray:HOST:PORT`.

HOST:PORT is the address that `ray start --head` prints and `ray start --address` takes. The Hub's own machine must be
a node of the cluster; one that shall compute nothing joins with `ray start --address=HOST:PORT --num-cpus=0`. Every
node needs the same version of Python, of Ray and of this project (`pip install 'qhub-plugins[local,team]'`); Ray
compares the first two when the Hub connects, a worker the last one when it starts.

Each job at a time holds a *place*: an actor with one CPU and `max_restarts=0`, and below it the same worker process
that a Hub without a cluster uses, with the same limits. Killing the actor ends exactly the job it runs, and the kernel
ends the worker process with its actor. There are as many places as the cluster has CPUs, or `--workers` if that is
less; they are started when jobs need them, then kept, and ended with the Hub, however it ends. A job waits in its
queue, PENDING, until a place is ready; nodes that join later are used, and those of a node that leaves run elsewhere.

The server talks to the cluster through a child process, the *gateway*, the only one that imports Ray: its calls block,
it takes the signal handlers and stdout for itself, and it does not survive the loss of its cluster. When the gateway
ends, another one takes its place as soon as the cluster is there again.

Why Ray: it resolves with everything else here in its current version (2.60); Dask stops at 2024.8.0, because
amazon-braket-sdk pins cloudpickle 2.2.1, and cannot end a task that runs. Ray's own client (`ray://`) is not used: it
needs one more package, and keeps the actors of a Hub that was killed for another 30 s
(`RAY_CLIENT_RECONNECT_GRACE_PERIOD`).

A Ray cluster runs what anybody who reaches it sends. Keep it in a private network, or start it and the Hub with
`RAY_AUTH_MODE=token`.
"""

from __future__ import annotations

from collections.abc import Callable

from local_hub.cluster.connection import Connection
from local_hub.cluster.executor import ClusterExecutor
from local_hub.executor import Executor
from local_hub.settings import Cluster


def connect(cluster: Cluster) -> Callable[[Callable[[], None]], Executor]:
    """Connect to a cluster; this blocks for some seconds.

    Args:
        cluster: Which one, and how much of it.

    Returns:
        What makes the executor inside the event loop; its argument is called whenever a place becomes free.

    Raises:
        OSError: Ray is not installed, the cluster cannot be reached, or it is of another version.
    """
    connection = Connection(cluster.address)
    connection.greet()
    return lambda on_free: ClusterExecutor(cluster, connection, on_free)
