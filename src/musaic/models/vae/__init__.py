"""The variational autoencoder: one model, six choices (`musaic.models.vae.config.VaeConfig`)."""
