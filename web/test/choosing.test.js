import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, ofLabel, ofValues } from "../src/colouring.js";
import { changed, countsIn, linked, maskOf, ofClasses, rowsOf, together } from "../src/masks.js";
import { contrast, MARKERS, mixed, onPaper, rgb, styles } from "../src/palette.js";
import { Store } from "../src/store.js";
import { clock, folded, matches, searchable } from "../src/text.js";
import { shortened, spelled } from "../src/url.js";

test("what stands out passes every mask; none at all narrows nothing", () => {
  const [a, b] = [Uint8Array.of(1, 1, 0), Uint8Array.of(0, 1, 1)];
  assert.deepEqual(together(3, [null, null]), { mask: null, n: 3 });
  assert.deepEqual(together(3, [a, null, b]), { mask: Uint8Array.of(0, 1, 0), n: 1 });
  assert.deepEqual(a, Uint8Array.of(1, 1, 0));
});

test("counts of classes add up to what stands out", () => {
  const codes = Int32Array.of(0, 1, 1, -1, 2);
  assert.deepEqual(countsIn(codes, 3, null), [1, 2, 1, 1]);
  assert.deepEqual(countsIn(codes, 3, Uint8Array.of(0, 1, 0, 1, 0)), [0, 1, 0, 1]);
  assert.deepEqual([...ofClasses(codes, new Set([1, -1]))], [0, 1, 1, 1, 0]);
});

test("a lasso replaces, adds or takes away; an empty selection is none", () => {
  const [old, drawn] = [Uint8Array.of(1, 1, 0), Uint8Array.of(0, 1, 1)];
  assert.deepEqual(rowsOf(changed(old, drawn, "replace")), [1, 2]);
  assert.deepEqual(rowsOf(changed(old, drawn, "add")), [0, 1, 2]);
  assert.deepEqual(rowsOf(changed(old, drawn, "subtract")), [0]);
  assert.equal(changed(null, drawn, "subtract"), null);
});

test("a selection goes to the other run by pairs, and comes back", () => {
  const pairs = Int32Array.of(2, -1, 0); // of run 1's rows
  const there = linked(Uint8Array.of(1, 0, 0), pairs, 3, true);
  assert.deepEqual([...there], [0, 0, 1]);
  assert.deepEqual([...linked(there, pairs, 3, false)], [1, 0, 0]);
});

test("search ignores case, accents and harakat, and keeps the vowels of Indic scripts", () => {
  assert.equal(folded("CORAZÓN"), folded("corazon"));
  assert.equal(folded("Straße"), "strasse");
  assert.equal(folded("İstanbul"), folded("ıstanbul"));
  assert.equal(folded("مُحَمَّد"), folded("محمد"));
  assert.equal(folded("أغنيـــة"), folded("اغنية"));
  assert.equal(folded("Ångström Øre"), "angstrom ore");
  assert.notEqual(folded("কি"), folded("কু"));
  assert.notEqual(folded("मेरा"), folded("मारा"));
});

test("every word of a query must be there, in any of a song's columns", () => {
  const index = searchable([["Corazón", "Night Train"], ["Los Ñandúes", "Ana"]]);
  assert.deepEqual([...matches(index, "nandues coraz")], [1, 0]);
  assert.deepEqual([...matches(index, "TRAIN ana")], [0, 1]);
  assert.equal(matches(index, "  "), null);
});

test("classes come most frequent first, or as another run has them", () => {
  const label = { name: "genre", values: ["a", "b", "c"], codes: Int32Array.of(1, 1, 2, -1) };
  const own = ofLabel("label:genre", label);
  assert.deepEqual([own.names, [...own.codes], own.counts], [["b", "c"], [0, 0, 1, -1], [2, 1, 1]]);
  const lent = ofLabel("label:genre", label, { kind: "label", values: ["c", "x"] });
  assert.deepEqual([lent.names, [...lent.codes]], [["c", "x", "b"], [2, 2, 0, -1]]);
});

test("beyond what can be told apart, the rarest share one class", () => {
  const values = Array.from({ length: 60 }, (_, i) => `v${i}`);
  const many = ofLabel("label:x", { name: "x", values, codes: Int32Array.from(values.keys()) });
  assert.deepEqual([many.names.length, many.names.at(-1), many.counts[44]], [45, "other (16)", 16]);
});

test("steps of a measured value cover it, rise, and leave out what was not measured", () => {
  const values = Float32Array.from({ length: 100 }, (_, i) => (i === 99 ? 1e6 : i));
  values[0] = NaN;
  const steps = ofValues("descriptor:x", { title: "x", unit: "Hz", values });
  assert.equal(steps.codes[0], -1);
  assert.equal(steps.codes[99], steps.names.length - 1);
  for (let i = 2; i < 100; i++) assert.ok(steps.codes[i] >= steps.codes[i - 1]);
  assert.equal(steps.counts.reduce((a, b) => a + b), 100);
  assert.equal(new Set(steps.names).size, steps.names.length);
  assert.equal(ofValues("descriptor:x", { title: "x", unit: "", values: new Float32Array(4).fill(2) }).names.length, 1);
});

test("styles differ; on dark paper every colour stands off", () => {
  for (const n of [8, 45]) assert.equal(new Set(styles(n).map(({ color, marker }) => color + marker)).size, n);
  assert.ok(styles(45).every(({ marker }) => MARKERS.includes(marker)));
  const [paper, ink] = [rgb("#14161a"), rgb("#e4e6e9")];
  for (const { color } of [...styles(8), ...styles(9)]) assert.ok(contrast(onPaper(color, paper, ink), paper) >= 3);
  assert.deepEqual(mixed([0, 0, 0], [200, 100, 50], 0.5), [100, 50, 25]);
});

test("listeners hear of what changed, also of what a listener changed, once a batch", () => {
  const store = new Store({ a: 1, b: 1, c: 0 });
  const heard = [];
  store.on(["a"], () => store.set({ b: store.state.a }));
  store.on(["a", "b"], (keys) => heard.push([...keys].join()));
  store.set({ a: 2, c: 0 });
  store.set({ a: 2 });
  assert.deepEqual(heard, ["a", "b"]);
});

test("selections go into an address and come back", () => {
  for (const rows of [[], [0], [0, 1, 2, 9], [5, 7, 8, 99]]) assert.deepEqual(spelled(shortened(rows), 100), rows);
  assert.deepEqual(spelled("0-zzzz", 3), [0, 1, 2]);
  assert.deepEqual(rowsOf(maskOf(4, spelled("1.3", 4))), [1, 3]);
});

test("numbers as people read them", () => {
  assert.deepEqual([clock(0), clock(65), clock(NaN)], ["0:00", "1:05", "–:––"]);
  assert.deepEqual([brief(123.4, 13), brief(0.12345, 0.01), brief(-14.84, 0.5)], ["123", "0.123", "-14.84"]);
});

test("search takes letters for one another that are written for one another", () => {
  assert.equal(folded("फ़िल्म की रोटी"), folded("फिल्म की रोटी")); // nukta, as one sign or two, or left out
  assert.equal(folded("\u095e"), folded("\u092b"));
  assert.equal(folded("हँसी"), folded("हंसी"));
  assert.equal(folded("বাড়ি"), folded("বাড়ি"));
  assert.equal(folded("على مكتبة"), folded("علی مکتبه"));
});
