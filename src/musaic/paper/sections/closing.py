"""Discussion and limitations: what the numbers allow to be said, and what they leave open."""

from __future__ import annotations

from collections.abc import Sequence

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.sections.comparison import outcomes
from musaic.paper.sections.ranking import LIKELY
from musaic.paper.sections.tongues import followed
from musaic.paper.values import count, plural
from musaic.report.limits import limits
from musaic.report.reading import low_coverage, number
from musaic.report.words import score, signed_score

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
            return [say("Whether the VAEs beat the baselines is left open: nothing was compared on equal terms.")]
        return []
    found = outcomes(facts)
    wins, losses, draws = (len(found[kind]) for kind in ("win", "loss", "draw"))
    n = len(facts.comparisons)
    if not wins and not losses:
        return [
            say(
                "On equal terms {these} do not tell the {vae} and the best baseline apart, which is no "
                "proof that they are equal: the {intervals} from {low} to {high}.",
                these="these songs and seeds" if facts.seeds > 1 else "these songs",
                vae=facts.challenger,
                intervals="interval of the difference reaches" if n == 1 else "intervals of the differences reach",
                low=signed_score(min(float(row["low"]) for row in facts.comparisons)),
                high=signed_score(max(float(row["high"]) for row in facts.comparisons)),
            )
        ]
    if not losses:
        more = say(" and cannot be told from it in {draws}", draws=count(draws)) if draws else ""
        return [
            say(
                "On equal terms the {vae} is ahead of the best baseline in {wins} of {n}{more}.",
                vae=facts.challenger,
                wins=count(wins),
                n=plural(n, "comparison"),
                more=more,
            )
        ]
    if not wins:
        return [
            say(
                "On equal terms the {vae} is behind the best baseline in {losses} of {n} and ahead in none.",
                vae=facts.challenger,
                losses=count(losses),
                n=plural(n, "comparison"),
            )
        ]
    return [
        say(
            "On equal terms the {vae} is ahead of the best baseline in {wins} of {n} and behind in {losses}: which of "
            "them is better depends on the input.",
            vae=facts.challenger,
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
    ends = [number(row.get("ami_high")) for row in others]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return ""
    near = sum(end >= low for end in known)
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
        return say("No representation is shown to be above chance on {label}.", label=name(facts.label))
    return say(
        "Of the {all} that are ranked, {n} {are} not shown to be better than shuffled labels.",
        n=count(len(lost)),
        all=plural(len(known), "representation"),
        are="is" if len(lost) == 1 else "are",
    )


def _language(facts: Facts) -> Markup | str:
    """Return what it means that clusters follow one label or the other."""
    return {
        "language": "That the best clusters follow language rather than genre does not say that genre cannot be found "
        "in these inputs.",
        "genre": "The best clusters, then, do not simply sort the songs by language.",
    }.get(str(followed(facts)), "")


def _stable(facts: Facts) -> Markup | str:
    """Return how far the best clusters depend on the seed."""
    stability = number(facts.best.get("stability")) if facts.best else None
    if stability is None:
        return ""
    if stability >= STEADY:
        meaning = "its clusters are nearly the same from seed to seed"
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
    """Return what a paper must add: that versions and machines are part of the numbers."""
    return ["Other machines may give other digits."] if facts.environment else []
