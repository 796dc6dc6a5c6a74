"""Cluster cards: what every cluster is, in words and numbers."""

from musaic.experiment.cards.card import Boundary, Card, CardTerm, Descriptor, Medoid, Mix, Share
from musaic.experiment.cards.writing import cards, write_cards

__all__ = ["Boundary", "Card", "CardTerm", "Descriptor", "Medoid", "Mix", "Share", "cards", "write_cards"]
