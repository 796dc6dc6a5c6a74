"""What the columns of a leaderboard mean, in words."""

from __future__ import annotations

from collections.abc import Iterable

_COLUMNS = {
    "cell": "name of the representation: a slug and eight digits of its configuration",
    "model": "the model",
    "input": "what the model was given, and what was taken out of it",
    "modality": "which sides of a song the input is of",
    "clustering": "the clustering algorithm",
    "params": "its parameters, and how the number of clusters was chosen",
    "space": "the space that was clustered",
    "n_clusters": "number of clusters, noise apart; the mean over seeds",
    "label": "the label column that the clusters are held against; empty where there is none",
    "n_labelled": "tracks that have a value of the label",
    "seeds": "number of seeds",
    "silhouette": "silhouette in the clustered space; not to be compared between spaces",
    "calinski_harabasz": "Calinski-Harabasz index in the clustered space",
    "davies_bouldin": "Davies-Bouldin index in the clustered space; low is good",
    "ari": "adjusted Rand index of clusters and label",
    "ami": "adjusted mutual information of clusters and label",
    "nmi": "normalised mutual information of clusters and label",
    "purity": "share of tracks that have the commonest label of their cluster",
    "homogeneity": "how far a cluster holds one label only",
    "completeness": "how far a label lies in one cluster only",
    "v_measure": "harmonic mean of homogeneity and completeness",
    "accuracy": "share of tracks whose cluster is matched with their label, one cluster a label",
    "majority": "share of the commonest label: the purity of a single cluster",
    "coverage": "share of usable tracks that have a cluster",
    "noise_policy": "whether noise stays noise (keep) or goes to the nearest cluster (nearest)",
    "stability": "agreement between the clusters of different seeds: mean adjusted Rand index of pairs",
    "labels_used": "label columns that the representation or the clustering has seen",
    "leaked": "whether the label of this row was seen; such a row is not ranked",
    "collapsed": "whether the posterior says nothing; such a row is not ranked",
    "active_units": "latent dimensions that are in use; the mean over seeds",
    "seconds": "wall-clock seconds of training one seed",
    "clustering_id": "name of the clustering in the run folder",
    "p_value": "share of shuffled labelings with an adjusted mutual information as high; the largest over seeds",
    "sizes": "tracks in each cluster of the first seed, largest first",
    "silhouette_sampled": "whether the silhouette was taken on a sample",
    "rank": "place of the clustering, from 1; empty where the row is not ranked",
    "remarks": "why the row is not ranked",
    "approximation": "what the clustering left uncompared because there are many tracks; empty where nothing",
}
_ENDINGS = {
    "_sd": "standard deviation of {} over seeds",
    "_ref": "{} in the common reference space, where representations can be compared",
    "_chance": "{} of the same clusters on shuffled labels, on average",
    "_low": "lower end of the 95 % bootstrap interval of {}",
    "_high": "upper end of the 95 % bootstrap interval of {}",
}


def describe(columns: Iterable[str]) -> dict[str, str | None]:
    """Return column -> what it means; None for one that nothing is known of."""
    return {str(name): _describe(str(name)) for name in columns}


def _describe(name: str) -> str | None:
    if name in _COLUMNS:
        return _COLUMNS[name]
    for ending, words in _ENDINGS.items():
        score = name.removesuffix(ending)
        if score != name and score in _COLUMNS:
            return words.format(score)
    return None
