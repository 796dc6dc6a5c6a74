"""The datasets: one file each, with what is known of it and how its own layout becomes songs."""
