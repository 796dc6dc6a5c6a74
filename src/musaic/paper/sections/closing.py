"""Discussion and limitations: what the numbers allow to be said, and what they leave open."""

from __future__ import annotations

from collections.abc import Sequence

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.sections.scores import LIKELY, outcomes
from musaic.paper.sections.tongues import followed_in_short
from musaic.paper.values import count, plural
from musaic.report.limits import limits
from musaic.report.reading import low_coverage, number
from musaic.report.words import score

STEADY, SHAKY = 0.8, 0.5
"""Mean ARI between seeds from which clusters are called the same, and below which they are called different."""


def discussion(facts: Facts) -> list[Block]:
    """Return what the results come to, sentence by sentence as the numbers have them."""
    return [
        heading("Discussion"),
        paragraph(*_answer(facts), _overlap(facts), _chance(facts)),
        paragraph(_language(facts), _stable(facts), _doubted(facts)),
    ]


def _answer(facts: Facts) -> list[Markup]:
    """Return what the comparisons come to."""
    if not facts.comparisons:
        if facts.vaes and facts.label is not None:
            return [say("Whether the VAEs beat the baselines is left open here: nothing was compared on equal terms.")]
        return []
    found = outcomes(facts)
    wins, losses, draws = (len(found[kind]) for kind in ("win", "loss", "draw"))
    n = len(facts.comparisons)
    if not wins and not losses:
        return [
            say(
                "On equal terms the VAE and the best baseline are not different as far as these songs and seeds can "
                "tell, which is no proof that they are equal: the {intervals} also {hold} differences that would "
                "matter.",
                intervals="interval" if n == 1 else "intervals",
                hold="holds" if n == 1 else "hold",
            )
        ]
    if not losses:
        more = say(" and cannot be told from it in {draws}", draws=count(draws)) if draws else ""
        return [
            say(
                "On equal terms the VAE is ahead of the best baseline in {wins} of {n}{more}.",
                wins=count(wins),
                n=plural(n, "comparison"),
                more=more,
            )
        ]
    if not wins:
        return [
            say(
                "On equal terms the VAE is behind the best baseline in {losses} of {n} and ahead in none; what it "
                "learns beyond a linear projection does not help to find {label} here.",
                losses=count(losses),
                n=plural(n, "comparison"),
                label=name(facts.label),
            )
        ]
    return [
        say(
            "On equal terms the VAE is ahead of the best baseline in {wins} of {n} and behind in {losses}: which of "
            "them is better depends on the input.",
            wins=count(wins),
            n=plural(n, "comparison"),
            losses=count(losses),
        )
    ]


def _overlap(facts: Facts) -> Markup | str:
    """Return how many representations lie within the interval of the best."""
    best = facts.best
    low = number(best.get("ami_low")) if best and facts.label is not None else None
    others = facts.each[1:]
    if low is None or not others:
        return ""
    near = sum((number(row.get("ami_high")) or -1.0) >= low for row in others)
    if near == 0:
        return "The interval of the best representation is clear of those of all others."
    return say(
        "The interval of the best representation overlaps with that of {near}, so the order among them means little.",
        near=_of_the_others(near, len(others)),
    )


def _of_the_others(part: int, whole: int) -> str:
    if part == whole:
        return "the other one" if whole == 1 else f"all {count(whole)} others"
    return f"{count(part)} of the {count(whole)} others"


def _chance(facts: Facts) -> Markup | str:
    """Return how many representations do no better than chance."""
    known = [row for row in facts.each if number(row.get("p_value")) is not None]
    if facts.label is None or not known:
        return ""
    lost = [row for row in known if float(row["p_value"]) >= LIKELY]
    if not lost:
        return ""
    if len(lost) == len(known):
        return say("No representation is above chance on {label}.", label=name(facts.label))
    return say(
        "Of the {all} that {rank} ranked, {n} {are} no better than shuffled labels.",
        n=count(len(lost)),
        all=plural(len(known), "representation"),
        rank="is" if len(known) == 1 else "are",
        are="is" if len(lost) == 1 else "are",
    )


def _language(facts: Facts) -> Markup | str:
    """Return what it means that clusters follow one label or the other."""
    told = str(followed_in_short(facts))
    if "follow language, and genre" in told or "follow language more" in told:
        return (
            "That the best clusters follow language rather than genre says that the strongest direction of these "
            "inputs is the language, not that genre cannot be found in them."
        )
    if "follow genre, and language" in told or "follow genre more" in told:
        return "The best clusters, then, do not simply sort the songs by language."
    return ""


def _stable(facts: Facts) -> Markup | str:
    """Return how far the best clusters depend on the seed."""
    stability = number(facts.best.get("stability")) if facts.best else None
    if stability is None:
        return ""
    if stability >= STEADY:
        meaning = "its clusters are nearly the same whatever the seed"
    elif stability < SHAKY:
        meaning = "another seed gives largely other clusters, even where their score is the same"
    else:
        meaning = "its clusters keep their core from seed to seed and change at their edges"
    return say("With a stability of {s} for the best clustering, {meaning}.", s=score(stability, 2), meaning=meaning)


def _doubted(facts: Facts) -> Markup | str:
    """Return what is left out of all this."""
    parts = []
    words = {"leaked": "leaked", "collapsed": "collapsed"}
    for why, word in words.items():
        n = len(facts.doubted.get(why, []))
        if n:
            parts.append(f"{plural(n, f'{word} representation')}")
    table = facts.results.leaderboard.drop_duplicates(["cell", "clustering_id"])
    noisy = sum(low_coverage(row) for row in table.to_dict("records"))
    if noisy:
        parts.append(
            f"{plural(noisy, 'clustering')} that {'leaves' if noisy == 1 else 'leave'} most songs out as noise"
        )
    if facts.failed:
        parts.append(plural(len(facts.failed), "failed representation"))
    return say("Left out of all this: {parts}.", parts=listed(parts)) if parts else ""


def limitations(facts: Facts, figures: Sequence[str]) -> list[Block]:
    """Return what the run leaves open, each thing a point of a list; of maps only where one is drawn."""
    given = [sentence for sentence in limits(facts.results) if "map" in figures or not sentence.startswith("A map ")]
    told = [sentence.replace(" %", "%").replace("\u202f", ",") for sentence in given]
    told += _further(facts)
    return [heading("Limitations"), Markup("\n".join(say("- {told}", told=one) for one in told))]


def _further(facts: Facts) -> list[str]:
    """Return what a paper must add: what was sampled, and where it was made."""
    told = []
    table = facts.results.leaderboard
    if "silhouette_sampled" in table and table["silhouette_sampled"].astype(str).str.lower().eq("true").any():
        told.append("Some silhouettes are those of a sample of the songs.")
    if facts.environment:
        told.append("Everything was computed on one machine; another may give other digits.")
    return told
