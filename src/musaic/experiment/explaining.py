"""Every cell's best clustering explains itself: its clusters' cards."""

from __future__ import annotations

from musaic.experiment.cards import write_cards
from musaic.progress import SILENT, Reporter
from musaic.runs import Run


def explain(run: Run, reporter: Reporter = SILENT) -> None:
    """Write the cards of every cell's clustering that stands highest in the leaderboard, where they are not there."""
    rows = run.leaderboard.drop_duplicates("cell")
    shown = dict(zip(rows["cell"], rows["clustering_id"], strict=True))
    missing = [
        (cell, clustering) for cell, clustering in shown.items() if not run.cards_file(cell, clustering).exists()
    ]
    with reporter.bar("cards", len(missing)) as advance:
        for cell, clustering in missing:
            write_cards(run, cell, clustering)
            advance(1)
