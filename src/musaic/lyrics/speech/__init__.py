"""Speech out of lyrics: eSpeak NG reads them aloud, with a voice for each language."""
