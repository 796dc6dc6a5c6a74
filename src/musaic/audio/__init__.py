"""A file, or samples, in; samples, spectrograms and all that is measured in them out; no songs are known here."""
