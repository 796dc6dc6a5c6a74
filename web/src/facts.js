// All that is known of single songs, in words: labels, clusters, measured values.

import { brief } from "./colouring.js";
import { clock, percent } from "./text.js";

/** Read every label and measured column, once; `of(row, cell's clustering)` then answers at once. */
export async function readFacts(run) {
  const [labels, descriptors] = await Promise.all([
    Promise.all(run.labels.map(({ name }) => run.label(name))),
    Promise.all(run.descriptors.map(({ name }) => run.descriptor(name))),
  ]);
  const value = (name, row) => {
    const label = labels.find((one) => one.name === name);
    return label && label.codes[row] >= 0 ? label.values[label.codes[row]] : null;
  };
  return { labels, descriptors, value };
}

/** The cluster of a song in words, or null: {name, text, confidence}. */
export function clusterOf(clustering, row) {
  if (!clustering) return null;
  const code = clustering.codes[row];
  if (code === -2) return null;
  if (code < 0) return { name: "noise", text: "Belongs to no cluster.", confidence: null };
  const card = clustering.cards.find((one) => one.cluster === code);
  const sure = clustering.confidence ? clustering.confidence[row] : NaN;
  return { code, name: card?.name || `cluster ${code}`, text: card?.text ?? "", confidence: Number.isNaN(sure) ? null : sure };
}

/** Names of the labels that are not made of others ("language+genre" is). */
export function simpleLabels(run) {
  const names = run.labels.map(({ name }) => name);
  return names.filter((name) => !name.includes("+") || !name.split("+").every((part) => names.includes(part)));
}

/** Facts of a song for its card: [term, words, own direction?]. */
export function songFacts(run, facts, clustering, row) {
  const { songs } = run;
  const found = [];
  const say = (term, words, own = false) => words !== null && words !== "" && found.push([term, words, own]);
  const language = facts?.value("language", row);
  const sure = songs.language_confidence?.[row];
  if (language) say("language", Number.isFinite(sure) ? `${language} (${percent(sure)} sure)` : language, true);
  const cluster = clusterOf(clustering, row);
  if (cluster) say("cluster", cluster.confidence === null ? cluster.name : `${cluster.name} (${percent(cluster.confidence)} sure)`, true);
  for (const name of facts ? simpleLabels(run) : []) if (name !== "language") say(name, facts.value(name, row), true);
  return found;
}

/** Where the sound of a song comes from, in words. */
export function heard(run, row) {
  const { start, length, duration } = run.songs;
  if (!start || Number.isNaN(start[row])) return "no sound";
  const end = length ? start[row] + length[row] : NaN;
  const whole = duration && !Number.isNaN(duration[row]) ? ` of ${clock(duration[row])}` : "";
  return Number.isNaN(end) ? `from ${clock(start[row])}${whole}` : `analysed ${clock(start[row])} to ${clock(end)}${whole}`;
}

/** Measured values of a song: {title, words, share}; share is its place between the lowest and the highest song. */
export function measured(facts, row) {
  return (facts?.descriptors ?? [])
    .filter(({ values }) => !Number.isNaN(values[row]))
    .map((one) => {
      one.range ??= rangeOf(one.values);
      const [low, high] = one.range;
      const words = `${brief(one.values[row], (high - low) / 20 || 1)}${one.unit ? ` ${one.unit}` : ""}`;
      return { title: one.title, words, share: high > low ? (one.values[row] - low) / (high - low) : 0.5 };
    });
}

function rangeOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
