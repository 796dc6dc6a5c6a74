"""What results depend on beside musaic's own code."""

LIBRARIES = (
    "torch",
    "lightning-fabric",
    "numpy",
    "scipy",
    "scikit-learn",
    "librosa",
    "soundfile",
    "soxr",
    "av",
    "umap-learn",
    "openTSNE",
    "pandas",
    "pyarrow",
    "zarr",
    "matplotlib",
)
"""Libraries whose versions are written down with a run, and are the same on all workers of a cluster."""
