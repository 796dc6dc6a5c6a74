"""Title, abstract and introduction."""

from __future__ import annotations

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.sections.comparison import verdict_in_short
from musaic.paper.sections.ranking import best_sentence
from musaic.paper.sections.tongues import followed_in_short
from musaic.paper.values import plural


def title(facts: Facts) -> str:
    """Return a title that says what was done, in plain text."""
    how = " with Variational Autoencoders" if facts.vaes else " with Learned Representations" if facts.learned else ""
    n, languages = len(facts.results.tracks), _values(facts, "language")
    return f"Clustering {plural(n, 'Song')}{f' in {languages} Languages' if languages > 1 else ''}{how}"


def _values(facts: Facts, label: str) -> int:
    """Return how many values a label has; 0 where the collection lacks it."""
    return int(facts.results.tracks[label].nunique()) if label in facts.results.labels else 0


def collection(facts: Facts) -> Markup:
    """Return how many songs of how many kinds there are: ``360 songs in 5 languages and 11 genres``."""
    kinds = [plural(_values(facts, label), label) for label in ("language", "genre") if _values(facts, label)]
    others = [label for label in facts.results.shown_labels if label not in ("language", "genre")]
    kinds += [f"{plural(_values(facts, label), 'value')} of {label}" for label in others]
    told = say("{n}", n=plural(len(facts.results.tracks), "song"))
    return say("{told} in {kinds}", told=told, kinds=listed(kinds)) if kinds else told


def abstract(facts: Facts) -> Markup:
    """Return question, material, answer and what limits it."""
    return paragraph(
        _question(facts),
        say(
            "On a collection of {collection}, {cells} {was} made with {seeds}; {clusterings} of {them} {were} scored.",
            collection=collection(facts),
            cells=plural(len(facts.done), "representation"),
            was="was" if len(facts.done) == 1 else "were",
            seeds=seeds(facts),
            clusterings=plural(facts.clusterings, "clustering"),
            them="it" if len(facts.done) == 1 else "them",
            were="was" if facts.clusterings == 1 else "were",
        ),
        verdict_in_short(facts),
        best_sentence(facts, short=True),
        followed_in_short(facts),
        say(
            "Scores that may not be believed, because {doubts}, are marked and take no part in any claim.",
            doubts=listed([_DOUBTS[why] for why in sorted(facts.doubted)], "or"),
        )
        if facts.doubted
        else "",
    )


def seeds(facts: Facts) -> str:
    """Return with how many seeds representations were made: ``one random seed``, ``up to 5 random seeds``."""
    if facts.seeds == 1:
        return "one random seed"
    differ = len({len(cell.seeds) for cell in facts.done}) > 1
    return f"{'up to ' * differ}{facts.seeds} random seeds{' each' * (len(facts.done) > 1 and not differ)}"


_DOUBTS = {
    "leaked": "the label was seen",
    "collapsed": "the posterior collapsed",
    "low coverage": "the clusters leave most songs out",
}


def _question(facts: Facts) -> str:
    if facts.vaes:
        return (
            "We ask whether variational autoencoders learn representations of songs that group them better than simple "
            "baselines do, and what the groups follow."
        )
    if facts.learned:
        by = " by autoencoders" if len(facts.autoencoders) == len(facts.learned) else ""
        return f"We ask how songs group in learned representations{by}, and what the groups follow."
    return "We ask how songs group in simple representations of what is heard and written, and what the groups follow."


def introduction(facts: Facts) -> list[Block]:
    """Return why the question matters here, and what is asked of this run."""
    given = {part for cell in facts.done for part in str(cell.data.get("modality", "")).split("+")}
    sides = [word for part, word in (("audio", "sound"), ("lyrics", "words")) if part in given]
    of = (
        f"Songs can be grouped by their {' and by their '.join(sides)}"
        if sides
        else "Songs can be grouped in many ways"
    )
    return [
        heading("Introduction"),
        paragraph(
            f"{of}, and a grouping that nobody has labelled is of use in browsing, in choosing what to hear next, and "
            "in describing an archive.",
            say(
                "A representation learned without labels, such as the latents of a variational autoencoder (VAE) "
                "{vae}, promises groups that follow what matters in the music.",
                vae=cite("kingma2014vae"),
            )
            if facts.vaes
            else "",
            "Whether a clustering means anything is harder to say than to compute: internal scores cannot be compared "
            "between spaces, external ones can be earned by having seen the label, single seeds mislead, and the best "
            "of many attempts looks better than it is.",
        ),
        paragraph(
            say(
                "This paper reports one experiment, called “{name}”, on {collection}. It asks:",
                name=name(facts.results.run.experiment.get("name") or "run"),
                collection=collection(facts),
            )
        ),
        Markup("\n".join(f"+ {question}" for question in _questions(facts))),
        paragraph(
            _every_score(facts),
        ),
    ]


def _every_score(facts: Facts) -> str:
    """Return what is done so that scores can be believed."""
    parts = ["is a mean over seeds"] if facts.seeds > 1 else []
    if facts.label is not None:
        parts += ["stands beside what chance gives", "is left out of the claims where the label was seen"]
    else:
        parts += ["is left out of the claims where it may not be believed"]
    return f"Every score {listed(parts)}."


def _questions(facts: Facts) -> list[str]:
    labels = [label for label in ("genre", "language") if _values(facts, label) > 1]
    asked = []
    if facts.comparisons:
        asked.append(
            f"Do {facts.challenger}s beat the baselines when input, clustering, and number of clusters are equal?"
        )
    elif len(facts.done) > 1:
        asked.append("Which representation groups the songs best?")
    if len(labels) == 2:
        asked.append("Do the groups follow genre or language, and does genre hold across languages?")
    elif facts.label is not None:
        asked.append(say("How far do the groups follow {label}?", label=name(facts.label)))
    elif facts.seeds > 1:
        asked.append("How far do the groups agree between seeds, and how well are they set apart?")
    else:
        asked.append("How well are the groups set apart?")
    if facts.cards:
        asked.append("What are the groups, in words that a listener would use?")
    return asked
