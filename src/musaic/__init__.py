"""Songs in any language in; a learned latent space, clusters to be believed, and a map to listen to out."""

__version__ = "0.1.0"
