// A way from one song to another through songs that lie between, with at most so many of one artist.

import { el, fill, own } from "./dom.js";
import { savePlaylist, songLine } from "./playlist.js";
import { plural } from "./text.js";

export function songPath(app) {
  const { store } = app;
  let rows = [];
  const ends = { pathFrom: el("dd"), pathTo: el("dd") };
  const number = (id, value, least, most) => el("input", { type: "number", id, value, min: least, max: most, step: 1 });
  const steps = number("mz-steps", 12, 2, 100);
  const cap = number("mz-cap", 2, 1, 100);
  const find = el("button", { type: "button", class: "mz-main", onclick: () => ask() }, "Find a path");
  const button = (text, act) => el("button", { type: "button", disabled: true, onclick: act }, text);
  const play = button("Play all", () => app.player.playAll(rows.map((row) => ({ run: 0, row }))));
  const name = () => `${app.run.songs.title[rows[0]]} to ${app.run.songs.title[rows.at(-1)]}`;
  const saves = [button("Save as .m3u8", () => savePlaylist(app, name(), rows, "m3u8")), button("Save as CSV", () => savePlaylist(app, name(), rows, "csv"))];
  const note = el("p", { class: "mz-hint", "aria-live": "polite" }, "Choose two songs: a path leads from the first to the second in small steps of sound.");
  const list = el("ol", { class: "mz-songs mz-numbered" });

  const take = (key) => el("button", { type: "button", onclick: () => store.set({ [key]: app.rowIn(0, store.state.focus) }) }, "This song");
  const takes = { pathFrom: take("pathFrom"), pathTo: take("pathTo") };
  const element = el(
    "div",
    { class: "mz-panel" },
    el(
      "dl",
      { class: "mz-ends" },
      el("div", {}, el("dt", {}, "from"), ends.pathFrom, takes.pathFrom),
      el("div", {}, el("dt", {}, "to"), ends.pathTo, takes.pathTo),
    ),
    el(
      "div",
      { class: "mz-row" },
      el("div", { class: "mz-field" }, el("label", { for: "mz-steps" }, "Songs"), steps),
      el("div", { class: "mz-field" }, el("label", { for: "mz-cap" }, "per artist"), cap),
    ),
    el("div", { class: "mz-buttons" }, find, play, ...saves),
    note,
    list,
  );

  const show = () => {
    for (const key of ["pathFrom", "pathTo"]) {
      const row = store.state[key];
      fill(ends[key], row === null || row < 0 || !app.run.songs ? el("span", { class: "mz-soft" }, "choose a song") : own(app.run.songs.title[row]));
      takes[key].disabled = app.rowIn(0, store.state.focus) < 0;
    }
    const { pathFrom, pathTo } = store.state;
    find.disabled = !(pathFrom >= 0 && pathTo >= 0) || pathFrom === null || pathTo === null || pathFrom === pathTo;
  };

  const ask = async () => {
    const { cell, pathFrom, pathTo } = store.state;
    find.disabled = true;
    note.textContent = "Looking for a path…";
    try {
      const found = await app.api.path(0, app.run.cells[cell].cell, pathFrom, pathTo, Number(steps.value), Number(cap.value));
      rows = found.rows;
      note.textContent = `${plural(rows.length, "song")}, each near the one before in the latent space.`;
      app.trail("path", rows);
    } catch (error) {
      rows = [];
      note.textContent = error.message;
      app.trail("path", []);
    }
    fill(list, ...rows.map((row) => songLine(app, row)));
    for (const one of [play, ...saves]) one.disabled = rows.length === 0;
    show();
  };

  store.on(["pathFrom", "pathTo", "focus", "read"], show);
  show();
  return element;
}
