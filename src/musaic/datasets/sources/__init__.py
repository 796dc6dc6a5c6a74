"""Where datasets come from: mirdata, Kaggle, a copy on disk."""
