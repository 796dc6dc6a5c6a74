"""Lyrics out of singing: Whisper listens, and says how sure it is of each word."""
