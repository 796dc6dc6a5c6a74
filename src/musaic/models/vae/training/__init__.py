"""How a VAE is trained: the loop, its schedules, its devices, and where it has come."""
