"""Clusterings that were added to a run after its experiment was written down."""

from __future__ import annotations

from collections.abc import Iterable

from musaic.clustering.config import ClusteringConfig
from musaic.clustering.registry import parse_config
from musaic.config import read_yaml, to_yaml
from musaic.experiment.config import Experiment
from musaic.files import write_text
from musaic.runs import Run


def every_clustering(run: Run, experiment: Experiment) -> tuple[ClusteringConfig, ...]:
    """Return every way to cluster, one value a parameter: the experiment's, then those added, none twice."""
    configs = [one for config in (*experiment.clusterings, *added(run)) for one in config.expand()]
    return tuple({config.digest(32): config for config in configs}.values())


def added(run: Run) -> list[ClusteringConfig]:
    """Return the clusterings that were added to a run."""
    if not run.added_file.exists():
        return []
    listed = read_yaml(run.added_file).get("clusterings", [])
    return [parse_config(plain, str(run.added_file)) for plain in listed]


def add(run: Run, configs: Iterable[ClusteringConfig]) -> None:
    """Note clusterings beside those of the run's experiment."""
    known = {config.digest(32): config for config in (*added(run), *configs)}
    write_text(run.added_file, to_yaml({"clusterings": [config.plain() for config in known.values()]}))
