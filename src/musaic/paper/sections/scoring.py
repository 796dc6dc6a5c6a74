"""The clusterings, and how they are scored."""

from __future__ import annotations

from typing import Any

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, join, listed, name, say
from musaic.paper.names import ALGORITHMS, space_words, worded
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.values import count, either, interval, percent, plain, plural
from musaic.report.reading import low_coverage, number, parameters

WORKS = {
    "kmeans": "lloyd1982",
    "gmm": "dempster1977",
    "agglomerative": "ward1963",
    "spectral": "ng2001",
    "dbscan": "ester1996",
    "hdbscan": "campello2013",
    "vade": "jiang2017",
}
"""Where the algorithms come from."""

OPENINGS = {"vade": "The clusters of a mixture prior"}

SETTINGS = {
    "linkage": "linkage",
    "covariance": "covariances",
    "min_cluster_size": "clusters of at least",
    "min_samples": "minimal neighbourhood",
    "eps": "radius",
    "n_neighbors": "neighbours",
    "selection": "selection",
}


VALUES = {
    "ward": "Ward's",
    "diag": "diagonal",
    "tied": "common",
    "eom": "of the most persistent",
    "leaf": "of the smallest",
}


def clusterings(facts: Facts) -> list[Block]:
    """Return how representations were clustered, by the clusterings that there are."""
    made = [one for cell in facts.done for one in cell.clusterings]
    told = [
        _algorithm(facts, algorithm, [one for one in made if one.get("algorithm") == algorithm])
        for algorithm in dict.fromkeys(str(one.get("algorithm")) for one in made)
    ]
    return [heading("Clusterings", 2), paragraph(*told)] if told else []


def _algorithm(facts: Facts, algorithm: str, made: list[dict[str, Any]]) -> Markup:
    """Return one sentence of an algorithm: how many clusters, with which settings, and where."""
    opening = OPENINGS.get(algorithm, ALGORITHMS.get(algorithm, algorithm))
    works = {"agglomerative": ()} if not any("ward" in str(one.get("params")) for one in made) else {}
    keys = works.get(algorithm, (WORKS[algorithm],) if algorithm in WORKS else ())
    told = [parameters(one.get("params")) for one in made]
    parts = [*_numbers(told), *_settings(told), *_spaces(made)]
    opening = opening[0].upper() + opening[1:]
    return say(
        "{opening}{cite}{parts}.",
        opening=opening,
        cite=say(" {cite}", cite=cite(*keys)) if keys else "",
        parts=say(": {parts}", parts=join(parts, "; "))
        if parts
        else say(" {are} used", are="are" if algorithm in ("gmm", "vade") else "is"),
    )


def _numbers(told: list[dict[str, str]]) -> list[Markup]:
    """Return how the numbers of clusters were settled: given, by a label, or chosen."""
    asked = [one["n_clusters"] for one in told if "n_clusters" in one]
    given = [number(one) for one in asked if number(one) is not None]
    labels: dict[str, set[float | None]] = {}
    chosen: set[str] = set()
    for one in asked:
        value, _, how = one.partition(" (")
        how = how.rstrip(")")
        if how.startswith("labels:"):
            labels.setdefault(how.removeprefix("labels:"), set()).add(number(value))
        elif how.startswith("auto"):
            chosen.add(how.removeprefix("auto").removeprefix(" by ") or "silhouette")
    parts = []
    if given:
        values = sorted({value for value in given if value is not None})
        shown = [plain(value) for value in values]
        parts.append(say("{k} clusters", k=listed(shown) if len(shown) < 12 else f"{shown[0]} to {shown[-1]}"))
    for label, values_of in sorted(labels.items()):
        parts.append(say("as many clusters as {label} has values ({k})", label=name(label), k=either(values_of)))
    if chosen:
        parts.append(say("a number chosen by {how}", how=listed([_criterion(one) for one in sorted(chosen)], "or")))
    return [Markup(", and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts))] if parts else []


def _criterion(word: str) -> Markup:
    works = {"silhouette": "rousseeuw1987", "bic": "schwarz1978"}
    told = word.upper() if word == "bic" else f"the {word}"
    return say("{told} {cite}", told=told, cite=cite(works[word])) if word in works else say("{told}", told=told)


def _settings(told: list[dict[str, str]]) -> list[Markup]:
    """Return the other parameters, each with all its values."""
    found: dict[str, dict[str, None]] = {}
    for one in told:
        for key, value in one.items():
            if key not in ("n_clusters", "choose_by"):
                found.setdefault(key, {})[value] = None
    parts = []
    for key, values in found.items():
        words = SETTINGS.get(key, key.replace("_", " "))
        if any("(knee)" in value for value in values):
            parts.append(say("a {words} at the knee of the distances between neighbours", words=words))
            values = {value: None for value in values if "(knee)" not in value}
        numbers = [number(value) for value in values]
        if values and all(one is not None for one in numbers):
            unit = " songs" if key == "min_cluster_size" else ""
            parts.append(say("{words} {values}{unit}", words=words, values=either(numbers), unit=unit))
        elif values:
            ordered = listed([VALUES.get(value, value) for value in sorted(values)], "or")
            parts.append(say("{values} {words}", values=ordered, words=words) if key in ("linkage", "covariance")
                         else say("{words} {values}", words=words, values=ordered))  # fmt: skip
    return parts


def _spaces(made: list[dict[str, Any]]) -> list[Markup]:
    """Return in which spaces, where any is not the latent one."""
    spaces = dict.fromkeys(str(one.get("space", "latent")) for one in made)
    if set(spaces) <= {"latent"}:
        return []
    umap = say(" {cite}", cite=cite("mcinnes2018"))
    told = [say("{words}{cite}", words=space_words(one), cite=umap if "umap" in one else "") for one in spaces]
    return [say("in {spaces}", spaces=listed(told, "or"))]


def evaluation(facts: Facts) -> list[Block]:
    """Return what the scores are, what stands beside them, and what is kept out of the claims."""
    asked = facts.asked("evaluation")
    labelled = facts.label is not None
    table = facts.results.leaderboard
    return [
        heading("Evaluation", 2),
        paragraph(
            say(
                "Clusters are held against labels by adjusted mutual information (AMI) "
                "{ami}, which is 1 where both tell the same and 0 on average where they have nothing in common; "
                "normalised mutual information (NMI), the adjusted Rand index (ARI) {ari}, and purity stand beside it.",
                ami=cite("vinh2010"),
                ari=cite("hubert1985"),
            )
            if facts.scored
            else "There is no label to hold clusters against.",
            _chance(facts, asked, bounded=any(interval(row, "ami") for row in facts.honest)) if labelled else "",
            _order(facts),
            say("Stability is the mean ARI between pairs of seeds.") if labelled and facts.seeds > 1 else "",
            say(
                "The silhouette {cite} is taken in one reference space for all{space}, since silhouettes of different "
                "spaces cannot be compared.",
                cite=cite("rousseeuw1987"),
                space=f", the principal components of {worded(asked['reference'])}" if asked.get("reference") else "",
            )
            if "silhouette_ref" in table and table["silhouette_ref"].notna().any()
            else "",
            "Where a score compares all pairs of songs, it is taken on a sample of them." if _sampled(facts) else "",
        ),
        paragraph(
            "A representation that was given a label, was trained without its trace, or reads what a label was told "
            "from has seen that label: its scores on it are _leaked_."
            if facts.scored
            else "",
            say(
                "A model whose posterior tells nothing of a song is _collapsed_ (units count as active as in {cite}).",
                cite=cite("burda2016"),
            )
            if facts.vaes
            else "",
            "A clustering that leaves most songs out as noise has _low coverage_." if _noisy(facts) else "",
            "No such row is ranked or claimed." if facts.scored or facts.vaes or _noisy(facts) else "",
        ),
        *([paragraph(_verdict_rule(facts, asked))] if facts.comparisons else []),
    ]


def _order(facts: Facts) -> Markup:
    """Return what clusterings are ranked by, and why where that is no label."""
    if facts.label is not None:
        return say("Clusterings are ranked by their AMI with {label}.", label=name(facts.label))
    ari = say(
        "the mean {ari}", ari="ARI" if facts.scored else say("adjusted Rand index (ARI) {at}", at=cite("hubert1985"))
    )
    how = (
        say("stability, {ari} between pairs of seeds, and then by silhouette in the reference space", ari=ari)
        if facts.seeds > 1
        else "silhouette in the reference space, for there is one seed"
    )
    if facts.standing == "unclaimed" and not facts.honest:
        labels = [label for label in facts.scored if label in facts.results.rank_by]
        told = listed([name(label) for label in labels], "or")
        return say("No score with {labels} may be claimed, so no clustering is ranked.", labels=told)
    why: dict[str, Markup | str] = {
        "unclaimed": "No score with a label that ranks may be claimed, so clusterings are ranked by",
        "unranked": say(
            "None of these labels ({labels}) is one that ranks, so clusterings are ranked by",
            labels=listed([name(one) for one in facts.scored]),
        ),
        "unlabelled": "Clusterings are ranked by",
    }
    return say("{why} {how}.", why=why[facts.standing], how=how)


def internal(facts: Facts) -> str:
    """Return what ranks where no label does."""
    return "stability between seeds" if facts.seeds > 1 else "silhouette in the reference space"


def _chance(facts: Facts, asked: dict[str, Any], *, bounded: bool) -> Markup:
    """Return how chance levels and intervals are found."""
    shuffles = f" of {count(asked['permutations'])} shuffles" if asked.get("permutations") else " of shuffles"
    draws = f" of {count(asked['bootstrap'])} samples" if asked.get("bootstrap") else ""
    return say(
        "Chance is the mean score{shuffles} of the labels{intervals}.",
        shuffles=shuffles,
        intervals=say(
            "; intervals are of 95% and come from a bootstrap {cite}{draws} over {over}",
            over="songs and seeds" if facts.seeds > 1 else "songs",
            cite=cite("efron1979"),
            draws=draws,
        )
        if bounded
        else "",
    )


def _sampled(facts: Facts) -> bool:
    table = facts.results.leaderboard
    return "silhouette_sampled" in table and bool(table["silhouette_sampled"].astype(str).str.lower().eq("true").any())


def _noisy(facts: Facts) -> bool:
    return any(low_coverage(row) for row in facts.results.leaderboard.to_dict("records"))


def _verdict_rule(facts: Facts, asked: dict[str, Any]) -> Markup:
    """Return the rule that compares a VAE with a baseline."""
    joint = len(facts.comparisons) > 1
    several = facts.seeds > 1
    spread = any(number(row.get("spread")) is not None for row in facts.comparisons)
    return say(
        "A {vae} is compared with a baseline of equal input, clustering, and number of clusters. For every input the "
        "{vae} and the clustering that speak are chosen without labels, by {merit}, and their rival is the best "
        "baseline in that place. The difference in AMI is resampled in pairs over {over}{draws}; intervals hold at "
        "95%{joint}. A {vae} beats a baseline where its interval lies above 0{spread}.",
        vae=facts.challenger,
        merit=f"{'stability and then by ' * several}silhouette in the reference space",
        over="songs and seeds" if several else "songs",
        spread=" and the difference exceeds the spread between seeds" if spread else "",
        draws=f" ({count(asked['bootstrap'])} times)" if asked.get("bootstrap") else "",
        joint=f" jointly over {plural(len(facts.comparisons), 'comparison')}" if joint else "",
    )


def coverage_of(row: dict[str, Any]) -> str:
    """Return the share of songs in clusters, where it is not all of them."""
    found = number(row.get("coverage"))
    return percent(found) if found is not None and found < 1 else ""
