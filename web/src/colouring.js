// What the songs are coloured by: a cluster, a label or a measured value, all as classes with styles.

import { MOST_CLASSES, REST, SCALE, styles } from "./palette.js";

/** Choices of a cell, grouped: {group, options: [{key, title}]}. */
export function choices(run, cell) {
  const groups = [
    {
      group: "Clusters",
      options: run.cells[cell].clusterings.map((one) => ({ key: `cluster:${one.id}`, title: one.title })),
    },
    { group: "Labels", options: run.labels.map((one) => ({ key: `label:${one.name}`, title: one.name })) },
    {
      group: "Measured",
      options: run.descriptors.map((one) => ({ key: `descriptor:${one.name}`, title: one.title })),
    },
  ];
  if (run.firstAssigned < run.n) {
    groups[1].options.push({ key: "placed:", title: "placed afterwards" });
  }
  return groups.filter(({ options }) => options.length);
}

/** What a cell opens with: its best clustering, else language, else whatever there is. */
export function firstKey(run, cell) {
  const best = run.bestClustering(cell);
  if (best) return `cluster:${best.id}`;
  if (run.labels.some((one) => one.name === "language")) return "label:language";
  return choices(run, cell)[0]?.options[0].key ?? "none:";
}

/** The classes that `key` names: {key, kind, title, names, codes, counts, styles, rest}; `like` lends its classes' order. */
export async function colouring(run, cell, key, like = null) {
  const [kind, name] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
  if (kind === "cluster") return ofClusters(key, await run.clustering(cell, name));
  if (kind === "label") return ofLabel(key, await run.label(name), like);
  if (kind === "descriptor") return ofValues(key, await run.descriptor(name));
  if (kind === "placed") return ofPlaced(key, run);
  return { ...plain(key), codes: new Int32Array(run.n).fill(-1), counts: [run.n] };
}

const plain = (key) => ({ key, kind: "none", title: "songs", names: [], styles: [], rest: "songs" });

function finished(classes) {
  const counts = new Array(classes.names.length + 1).fill(0); // the last: no class
  for (const code of classes.codes) counts[code < 0 ? counts.length - 1 : code]++;
  return { ...classes, counts };
}

/** Most frequent first; beyond the most that can be told apart, the rarest share one "other". */
export function ofLabel(key, { name, values, codes }, like = null) {
  const counts = new Array(values.length).fill(0);
  for (const code of codes) if (code >= 0) counts[code]++;
  const order = [...values.keys()].filter((code) => counts[code] > 0);
  const lent = new Map((like?.kind === "label" ? like.values : []).map((value, i) => [value, i]));
  const place = (code) => lent.get(values[code]) ?? Infinity;
  order.sort((a, b) => {
    const [p, q] = [place(a), place(b)];
    if (p !== q) return p - q;
    return counts[b] - counts[a] || (values[a] < values[b] ? -1 : 1);
  });
  const shown = order.map((code) => values[code]);
  const all = lent.size ? [...like.values, ...shown.filter((value) => !lent.has(value))] : shown;
  const kept = all.length <= MOST_CLASSES ? all : all.slice(0, MOST_CLASSES - 1);
  const names = kept.length < all.length ? [...kept, `other (${all.length - kept.length})`] : kept;
  const places = new Map(all.map((value, i) => [value, Math.min(i, names.length - 1)]));
  const to = Int32Array.from(values, (value) => places.get(value) ?? -1);
  return finished({
    key, kind: "label", title: name, names, values: all, rest: `no ${name}`,
    codes: codes.map((code) => (code < 0 ? -1 : to[code])), styles: styles(names.length),
  });
}

function ofClusters(key, { title, codes, confidence, cards }) {
  const most = codes.reduce((a, b) => Math.max(a, b), -1) + 1;
  const named = new Map(cards.map((card) => [card.cluster, card]));
  const n = Math.min(most, MOST_CLASSES);
  const names = Array.from({ length: n }, (_, i) => named.get(i)?.name || `cluster ${i}`);
  if (most > n) names[n - 1] = `other (${most - n + 1})`;
  const rest = [codes.includes(-1) ? "noise" : "", codes.includes(-2) ? "not in this cell" : ""].filter(Boolean).join(" or ");
  return finished({
    key, kind: "cluster", title, names, cards: named, confidence, given: codes, rest,
    codes: codes.map((code) => (code < 0 ? -1 : Math.min(code, n - 1))), styles: styles(n),
  });
}

/** Steps of a measured value between its 2nd and 98th percentile, so that one outlier does not take all the colours. */
export function ofValues(key, { title, unit, values }) {
  const there = values.filter((value) => !Number.isNaN(value)).sort();
  const at = (share) => there[Math.min(there.length - 1, Math.floor(share * there.length))];
  const [low, high] = there.length ? [at(0.02), at(0.98)] : [0, 1];
  const steps = high > low ? SCALE.length : 1;
  const width = (high - low) / steps || 1;
  const codes = Int32Array.from(values, (value) =>
    Number.isNaN(value) ? -1 : Math.max(0, Math.min(steps - 1, Math.floor((value - low) / width))),
  );
  const edges = Array.from({ length: steps + 1 }, (_, i) => low + i * width);
  const names = edges.slice(0, -1).map((edge, i) => span(edge, edges[i + 1], i === 0, i === steps - 1));
  const colors = steps === 1 ? [SCALE[3]] : SCALE;
  return finished({
    key, kind: "descriptor", title, unit, names, codes, rest: "not measured",
    styles: colors.map((color) => ({ color, marker: "o" })),
  });
}

function span(low, high, first, last) {
  const [a, b] = [brief(low, high - low), brief(high, high - low)];
  if (first && last) return a;
  return first ? `below ${b}` : last ? `${a} and more` : `${a} to ${b}`;
}

/** A number with as many digits as its step needs. */
export function brief(value, step) {
  const digits = Math.max(0, Math.min(4, 1 - Math.floor(Math.log10(Math.abs(step) || 1))));
  return Number(value.toFixed(step >= 10 ? 0 : digits)).toString();
}

function ofPlaced(key, run) {
  const codes = Int32Array.from({ length: run.n }, (_, row) => (row >= run.firstAssigned ? 1 : 0));
  return finished({
    key, kind: "placed", title: "placed afterwards", names: ["of the run", "placed afterwards"], codes,
    styles: [{ color: REST, marker: "o" }, { color: "#D55E00", marker: "D" }], rest: "none",
  });
}
