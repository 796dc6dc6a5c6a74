// What a model makes of a song: its latents as sliders, decoded to sound; and the way between two songs.

import { el, fill, own } from "./dom.js";
import { Reel } from "./reel.js";

const WHAT = [
  ["original", "The song", "The analysed stretch as it is."],
  ["griffin-lim", "Its spectrogram", "Its own log-mel, made audible by Griffin–Lim: what no model can sound better than."],
  ["decoded", "Reconstruction", "What the model decodes from the song's latents, by Griffin–Lim."],
];
const REACH = 3; // standard deviations a slider goes either way
const FIRST = 12; // sliders shown at once

export function latents(app) {
  const element = el("div", { class: "mz-panel" });
  const reel = new Reel(app);
  let asked = null;

  const show = async () => {
    const { focus, cell, tab } = app.store.state;
    if (tab !== "latents") return;
    const about = app.run.cells[cell];
    const row = app.rowIn(0, focus);
    const wanted = `${cell} ${row}`;
    if (wanted === asked) return;
    asked = wanted;
    reel.stop();
    if (!about.decodes) return fill(element, empty(`${about.title} has no decoder to sound: choose a representation that is trained on spectrograms.`));
    if (row < 0) return fill(element, empty("Choose a song: its latents are shown here, to be moved and heard."));
    fill(element, empty("Reading the model…"));
    try {
      const found = await app.api.latents(0, about.cell, row);
      if (wanted === asked) fill(element, ...panel(app, reel, about.cell, row, found));
    } catch (error) {
      if (wanted === asked) fill(element, empty(error.message));
      asked = null; // it may be asked again
    }
  };
  app.store.on(["focus", "cell", "tab", "read"], show);
  show();
  return element;
}

const empty = (text) => el("p", { class: "mz-empty" }, text);

function panel(app, reel, cell, row, found) {
  const title = app.run.songs.title[row];
  return [
    el("p", { class: "mz-lead" }, own(title)),
    el(
      "div",
      { class: "mz-buttons", role: "group", "aria-label": "Hear" },
      WHAT.map(([what, name, words]) => reel.button(name, words, () => app.api.reconstruction(0, cell, row, what))),
    ),
    el("p", { class: "mz-hint" }, "The song, its own spectrogram made audible, and what the model makes of it: a reconstruction, never the recording."),
    reel.message,
    ...sliders(app, reel, cell, row, found),
    between(app, reel, cell, row),
  ];
}

function sliders(app, reel, cell, row, { mean, kl, order, dead, sd }) {
  const z = mean.slice();
  const gone = new Set(dead);
  const decode = () => app.api.decoded(0, cell, z, row);
  const hear = reel.button("Hear this", "A reconstruction: the sliders decoded by the model.", decode, true);
  const ends = [];
  const line = (dim) => {
    const spread = sd[dim] || 1;
    const slider = el("input", {
      type: "range", id: `mz-z-${dim}`, min: mean[dim] - REACH * spread, max: mean[dim] + REACH * spread, step: spread / 50, value: mean[dim], disabled: gone.has(dim),
    });
    const number = el("output", { for: `mz-z-${dim}`, class: "mz-number" });
    const tell = () => {
      const steps = (z[dim] - mean[dim]) / spread;
      number.textContent = Math.abs(steps) < 0.01 ? "as it is" : `${steps > 0 ? "+" : "−"}${Math.abs(steps).toFixed(1)} sd`;
      slider.setAttribute("aria-valuetext", number.textContent);
    };
    slider.addEventListener("input", () => {
      z[dim] = Number(slider.value);
      tell();
    });
    slider.addEventListener("change", () => reel.play(hear, decode));
    ends.push(() => {
      [z[dim], slider.value] = [mean[dim], mean[dim]];
      tell();
    });
    tell();
    const words = gone.has(dim) ? "dead" : kl[dim].toFixed(2);
    return el("li", { class: gone.has(dim) ? "mz-dead" : null }, el("label", { for: `mz-z-${dim}` }, `z${dim} `, el("small", {}, words)), slider, number);
  };
  const back = el("button", { type: "button", onclick: () => ends.forEach((end) => end()) }, "As it is");
  const lines = order.map(line);
  const rest = lines.slice(FIRST);
  return [
    el("div", { class: "mz-row" }, el("h3", {}, "Move its latents"), el("div", { class: "mz-buttons" }, hear, back)),
    el("p", { class: "mz-hint" }, `Those that carry most come first (KL in nats)${dead.length ? `; ${dead.length} of ${mean.length} are dead: the model does not use them` : ""}.`),
    el("ul", { class: "mz-sliders" }, lines.slice(0, FIRST)),
    rest.length ? el("details", {}, el("summary", {}, `${rest.length} more`), el("ul", { class: "mz-sliders" }, rest)) : null,
  ];
}

/** Steps on the straight line between this song's latents and another's, each to be heard. */
function between(app, reel, cell, row) {
  const to = el("dd");
  const steps = el("div", { class: "mz-buttons", role: "group", "aria-label": "Steps between" });
  const { pathFrom } = app.store.state;
  const other = pathFrom !== null && pathFrom >= 0 && pathFrom !== row ? pathFrom : app.lastFocus(row);
  const make = async () => {
    make.button.disabled = true;
    try {
      const { z } = await app.api.interpolate(0, cell, other, row, 5);
      fill(steps, ...z.map((one, i) => reel.button(`${Math.round((100 * i) / (z.length - 1))} %`, "A reconstruction on the way", () => app.api.decoded(0, cell, one, i * 2 < z.length ? other : row))));
    } catch (error) {
      reel.say(error.message);
    }
    make.button.disabled = false;
  };
  make.button = el("button", { type: "button", disabled: other < 0, onclick: make }, "Make five steps");
  fill(to, other < 0 ? el("span", { class: "mz-soft" }, "look at another song first") : own(app.run.songs.title[other]));
  return el(
    "div",
    { class: "mz-panel" },
    el("h3", {}, "Between two songs"),
    el("dl", { class: "mz-ends" }, el("div", {}, el("dt", {}, "from"), to), el("div", {}, el("dt", {}, "to"), el("dd", {}, own(app.run.songs.title[row])))),
    el("div", { class: "mz-buttons" }, make.button),
    steps,
  );
}
