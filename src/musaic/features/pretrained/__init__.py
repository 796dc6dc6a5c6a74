"""Embeddings of sound from pretrained networks, as the feature ``pretrained:<model>``: rivals of our own latents."""
