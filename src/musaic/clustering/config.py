"""The configurations that other rooms name; those of the algorithms stand beside them, `registry` has them all."""

from musaic.clustering.asked import LABELS, ClusteringConfig, OneK
from musaic.clustering.kmeans import KMeansConfig

__all__ = ["LABELS", "ClusteringConfig", "KMeansConfig", "OneK"]
