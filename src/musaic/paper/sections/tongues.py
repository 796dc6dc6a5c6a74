"""Language as a question of its own: what the best clusters follow, genre within and across languages, transfer."""

from __future__ import annotations

from typing import Any, Literal

from musaic.paper.facts import Facts, Row
from musaic.paper.markup import Markup, join, listed, name, p_of, say
from musaic.paper.names import clustered, k_of
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.table import Column, Table
from musaic.paper.values import NONE, count, deviated, percent, plural
from musaic.report.reading import number
from musaic.report.verdict import Agreement
from musaic.report.words import score

MOST_ROWS = 14
"""Representations that the paper's table lists; the LaTeX table has them all."""

CLEAR = 0.05


def language(facts: Facts) -> list[Block]:
    """Return whether it is language or genre that was found, and what holds across languages."""
    found = _followed(facts)
    table = language_table(facts, most=MOST_ROWS)
    by_language = _by_language(facts)
    transfer = transfer_table(facts)
    if not (found or table or transfer):
        return []
    cell = facts.best_cell
    row = facts.language_of(cell) if cell else {}
    carried: list[Block] = [paragraph(*_transferred(facts, transfer)), transfer] if transfer else []
    return [
        heading("Language or Genre", 2),
        paragraph(
            found,
            *(_across(facts, row) if row else []),
            say("@{label} asks the same of every representation.", label=Markup(table.label)) if table else "",
            say("@{label} splits the best representation by language.", label=Markup(by_language.label))
            if by_language
            else "",
        ),
        *([table] if table else []),
        *([by_language] if by_language else []),
        *carried,
    ]


def _agreements(facts: Facts) -> dict[str, Agreement]:
    """Return genre and language -> how far the best clusters agree with them, where that may be claimed."""
    if facts.best is None:
        return {}
    rows = facts.rows_of(facts.best)
    found = {label: Agreement.of(rows[label]) for label in ("genre", "language") if label in rows}
    return {label: one for label, one in found.items() if one is not None}


Followed = Literal["genre", "language", "both", "neither"]


def followed(facts: Facts) -> Followed | None:
    """Return what the best clusters follow; None where there are not two labels to choose from.

    One label is followed where the other is not, beyond chance, or where its interval lies above that of the other.
    """
    by = _agreements(facts)
    if len(by) < 2:
        return None
    genre, tongue = by["genre"], by["language"]
    if genre.by_chance and tongue.by_chance:
        return "neither"
    if tongue.by_chance or (genre.low > tongue.high and not genre.by_chance):
        return "genre"
    if genre.by_chance or tongue.low > genre.high:
        return "language"
    return "both"


def followed_in_short(facts: Facts) -> Markup | str:
    """Return in a sentence what the best clusters follow; nothing where there are not two labels to choose from."""
    found = followed(facts)
    if found is None:
        return ""
    if found == "neither":
        return "Its clusters are not shown to follow genre or language more than chance would."
    if found == "both":
        return "Its clusters follow both genre and language, neither clearly more than the other."
    other = "language" if found == "genre" else "genre"
    if _agreements(facts)[other].by_chance:
        return say("Its clusters follow {more}, and {less} not clearly more than chance would.", more=found, less=other)
    return say("Its clusters follow {more} more than {less}.", more=found, less=other)


def _followed(facts: Facts) -> Markup | str:
    """Return what the best clusters follow, with the numbers."""
    by = _agreements(facts)
    if len(by) < 2 or facts.best is None:
        return ""
    words = followed_in_short(facts)
    numbers = [
        f"{score(one.ami)}{f' ({score(one.low)} to {score(one.high)})' if one.known else ''} with {one.label}"
        for one in by.values()
    ]
    clustering = say("The best clustering is that of {called}.", called=name(facts.called(facts.best["cell"])))
    return join([clustering, words, say("Its AMI is {numbers}.", numbers=listed(numbers))])


def _across(facts: Facts, row: Row) -> list[Markup]:
    """Return genre within languages, neighbours across them, and how well language can be told."""
    told = []
    if not row.get("genre_leaked"):
        within, whole = number(row.get("genre_ami_within")), number(row.get("genre_ami"))
        if within is not None and whole is not None:
            told.append(
                say(
                    "Within single languages {its} AMI with genre averages {within}, against {whole} over all songs.",
                    its=_its(facts, row),
                    within=deviated(row, "genre_ami_within"),
                    whole=deviated(row, "genre_ami"),
                )
            )
        across, chance = number(row.get("across_5")), number(row.get("across_5_chance"))
        p_value = number(row.get("across_5_p"))
        if across is not None and chance is not None:
            clear = say(", {p}", p=p_of(p_value)) if p_value is not None else ""
            beyond = "" if p_value is None or p_value < CLEAR else ", which is not clearly more than chance"
            told.append(
                say(
                    "Of a song's five nearest songs in other languages, {across} share its genre; with genres shuffled "
                    "within languages it would be {chance} (_n_~=~{n}{clear}){beyond}.",
                    across=percent(across),
                    chance=percent(chance),
                    n=count(row.get("across_queries")),
                    clear=clear,
                    beyond=beyond,
                )
            )
    cell = facts.best_cell
    probe = facts.probe_of(cell, "language") if cell else {}
    if probe and not probe.get("leaked") and number(probe.get("accuracy")) is not None:
        told.append(
            say(
                "A linear classifier tells the language from its latents with an accuracy of {accuracy}, where the "
                "commonest language alone gives {majority}.",
                accuracy=deviated(probe, "accuracy"),
                majority=score(probe.get("majority")),
            )
        )
    return told


def _its(facts: Facts, row: Row) -> str:
    """Return whose score it is: another clustering than the best may have been asked about language."""
    other = _other_clustering(facts, row)
    return f"under {other} its" if other else "its"


def _other_clustering(facts: Facts, row: Row) -> str:
    """Return the clustering that was asked about language, where it is not the best one."""
    cell, asked = facts.best_cell, row.get("clustering")
    if cell is None or facts.best is None or asked == facts.best["clustering_id"]:
        return ""
    found = next((one for one in cell.clusterings if one.get("id") == asked), None)
    return f"{clustered({**found, 'clustering': found['algorithm']})} ({k_of(found)} clusters)" if found else ""


def language_table(facts: Facts, most: int | None = None) -> Table | None:
    """Return what every representation has to do with language; None where that was not asked."""
    cells = [cell for cell in facts.done if facts.language_of(cell)][:most]
    if not cells:
        return None
    left = sum(bool(facts.language_of(cell)) for cell in facts.done) - len(cells)
    leaked = False
    lines = []
    for cell in cells:
        row = facts.language_of(cell)
        probes = {label: facts.probe_of(cell, label) for label in ("genre", "language")}
        seen = {label: bool(row.get(f"{label}_leaked")) for label in ("genre", "language")}
        leaked |= any(seen.values())

        def told(key: str, label: str, row: Row = row, seen: dict[str, bool] = seen) -> str:
            return _marked(deviated(row, key), seen[label])

        lines.append(
            [
                facts.called(cell.name),
                told("language_nmi", "language"),
                told("genre_ami", "genre"),
                told("genre_ami_within", "genre"),
                told("across_5", "genre"),
                score(row.get("across_5_chance")),
                _marked(deviated(probes["genre"], "accuracy"), bool(probes["genre"].get("leaked"))),
                _marked(deviated(probes["language"], "accuracy"), bool(probes["language"].get("leaked"))),
            ]
        )
    heads = [
        "Representation",
        "NMI lang.",
        "AMI genre",
        "within lang.",
        "across@5",
        "chance",
        "probe genre",
        "probe lang.",
    ]
    kept = [i for i in range(len(heads)) if i == 0 or any(line[i] != NONE for line in lines)]
    majority = {label: number(facts.probe_of(cells[0], label).get("majority")) for label in ("genre", "language")}
    caption = (
        "Language and genre in each representation: agreement of its best clusters with language and genre, with genre "
        "within single languages; share of the five nearest songs in other languages that share the genre, beside "
        "chance; accuracy of linear classifiers"
    )
    shares = [f"{label} {score(value)}" for label, value in majority.items() if value is not None]
    caption += f" (majority: {', '.join(shares)})." if shares else "."
    caption += " An asterisk marks what has seen the label." if leaked else ""
    caption += f" {plural(left, 'further one is', 'further ones are')} in the LaTeX table." if left else ""
    columns = [Column(heads[i], "right" if i else "left", stretch=not i) for i in kept]
    return Table("language", caption, columns, [[line[i] for i in kept] for line in lines], wide=True)


def _marked(told: str, leaked: bool) -> str:
    return f"{told}*" if leaked and told != NONE else told


def _by_language(facts: Facts) -> Table | None:
    """Return the agreement with genre within each language, of the best representation."""
    cell = facts.best_cell
    row = facts.language_of(cell) if cell else {}
    prefix = "genre_ami:"
    keys = [key for key in row if key.startswith(prefix) and not key.endswith("_sd") and number(row[key]) is not None]
    if cell is None or len(keys) < 2 or row.get("genre_leaked"):
        return None
    tracks = facts.results.tracks
    counts = tracks.loc[tracks["genre"].notna(), "language"].value_counts()
    keys = sorted(keys, key=lambda key: (-float(row[key]), key))
    lines = [
        [key.removeprefix(prefix), count(counts.get(key.removeprefix(prefix))), deviated(row, key)] for key in keys
    ]
    other = _other_clustering(facts, row)
    caption = f"AMI of clusters and genre within each language, for {facts.called(cell.name)}"
    caption += f" under {other}." if other else "."
    columns = [Column("Language", stretch=True), Column("Songs with a genre", "right"), Column("AMI", "right")]
    return Table("by-language", caption, columns, lines)


def transfer_table(facts: Facts) -> Table | None:
    """Return what carries over to a value that was left out of training; None where nothing was left out."""
    rows: list[dict[Any, Any]] = facts.transfer.to_dict("records") if len(facts.transfer) else []
    lines = [
        [
            facts.called(row["cell"]),
            str(row["left_out"]),
            count(row.get("n")),
            _marked(deviated(row, "linear_accuracy"), bool(row.get("leaked"))),
            score(row.get("linear_within_accuracy")),
            score(row.get("majority")),
            _marked(deviated(row, "cluster_ami"), bool(row.get("leaked"))),
        ]
        for row in rows
    ]
    if not lines:
        return None
    heads = ["Representation", "Left out", "Songs", "Accuracy", "trained within", "majority", "AMI"]
    kept = [i for i in range(len(heads)) if i < 3 or any(line[i] != NONE for line in lines)]
    target, label = str(rows[0]["target"]), str(rows[0]["label"])
    caption = (
        f"Trained without one {label} and tried on its songs: accuracy in telling {target} of a classifier trained on "
        f"the others, beside one trained within the left-out songs and the majority; AMI of clusters and {target}."
    )
    caption += " An asterisk marks what has seen the label." if any(row.get("leaked") for row in rows) else ""
    columns = [Column(heads[i], "left" if i < 2 else "right", stretch=i < 2) for i in kept]
    return Table("transfer", caption, columns, [[line[i] for i in kept] for line in lines], wide=True)


def _transferred(facts: Facts, table: Table) -> list[Markup]:
    """Return how often what was learned of the others tells more than the majority."""
    rows = [row for row in facts.transfer.to_dict("records") if not row.get("leaked")]
    known = [
        row
        for row in rows
        if number(row.get("linear_accuracy")) is not None and number(row.get("majority")) is not None
    ]
    if not known:
        return [say("@{label} shows what carries over to songs that were left out.", label=Markup(table.label))]
    above = sum(row["linear_accuracy"] > row["majority"] for row in known)
    return [
        say(
            "Some representations were also trained without one {what} and tried on its songs (@{label}): a classifier "
            "of {target} trained on the other songs is above the majority share in {above} of {n} such trials.",
            what=name(rows[0]["label"]),
            label=Markup(table.label),
            target=name(rows[0]["target"]),
            above=count(above),
            n=count(len(known)),
        )
    ]
