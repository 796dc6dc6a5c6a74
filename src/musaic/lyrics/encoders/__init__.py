"""Texts in, vectors out: every encoder behind one interface, named in the experiment file."""

from musaic.lyrics.encoders.base import TextEncoder, has_words
from musaic.lyrics.encoders.registry import ENCODERS, EncoderName, build, from_state, parse_encoder

__all__ = ["ENCODERS", "EncoderName", "TextEncoder", "build", "from_state", "has_words", "parse_encoder"]
