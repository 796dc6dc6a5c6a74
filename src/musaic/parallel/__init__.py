"""The one executor: independent tasks over the processes of this machine, or over a Dask cluster."""

from musaic.parallel.cluster import cluster, must_see, on_cluster
from musaic.parallel.executor import run, tasks_beside
from musaic.parallel.outcome import Failure
from musaic.parallel.processes import default_workers

__all__ = ["Failure", "cluster", "default_workers", "must_see", "on_cluster", "run", "tasks_beside"]
