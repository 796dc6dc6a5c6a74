// The state in the page's address, after "#~", so that a view can be kept and sent on.

import { colouring } from "./colouring.js";
import { maskOf, rowsOf } from "./masks.js";

const LONGEST = 6000; // of a selection written out; a longer one is not kept

/** Rows in rising order as a short text: "0-4.9.12". */
export function shortened(rows) {
  const parts = [];
  for (let i = 0; i < rows.length; ) {
    let end = i;
    while (rows[end + 1] === rows[end] + 1) end++;
    parts.push(end > i ? `${rows[i].toString(36)}-${rows[end].toString(36)}` : rows[i].toString(36));
    i = end + 1;
  }
  return parts.join(".");
}

export function spelled(text, n) {
  const rows = [];
  for (const part of text.split(".").filter(Boolean)) {
    const [from, to = from] = part.split("-").map((one) => parseInt(one, 36));
    for (let row = from; row <= Math.min(to, n - 1); row++) rows.push(row);
  }
  return rows;
}

/** The part of the state that an address keeps, as text; what is as it was at first is left out. */
export function written(app) {
  const { state } = app.store;
  const { run } = app;
  const parts = new URLSearchParams();
  const put = (key, value, usual) => value && value !== usual && parts.set(key, value);
  put("cell", run.cells[state.cell]?.cell, run.cells[run.raw.first ?? 0]?.cell);
  if (app.runs[1]) put("cell1", app.runs[1].cells[state.cell1]?.cell, app.runs[1].cells[app.runs[1].raw.first ?? 0]?.cell);
  put("map", state.method, run.cells[state.cell]?.methods[0]);
  put("colour", state.colour, app.firstColour);
  put("q", state.query, "");
  put("view", state.view, "map");
  put("moved", state.onlyMoved ? "1" : "", "");
  if (state.focus && run.songs) put("song", state.focus.run === 0 ? run.songs.track_id[state.focus.row] : "", "");
  for (const [key, { kept }] of state.filters) parts.append("only", `${key} ${[...kept].sort((a, b) => a - b).join(".")}`);
  const chosen = state.selected && shortened(rowsOf(state.selected));
  if (chosen && chosen.length <= LONGEST) parts.set("songs", chosen);
  const view = app.maps[0]?.view;
  if (view && (view.zoom !== 1 || view.x || view.y)) parts.set("at", [view.x, view.y, view.zoom].map((v) => v.toFixed(4)).join(","));
  return parts.toString();
}

const read = (hash) => new URLSearchParams(hash.startsWith("#~") ? hash.slice(2) : "");

/** Put what the address says about cells, map and colour into a state; songs need `restoreSongs`. */
export function restored(app, hash) {
  const parts = read(hash);
  const patch = {};
  const cell = (run, name) => run.cells.findIndex((one, i) => one.cell === name && run.has(i));
  const found = cell(app.run, parts.get("cell"));
  if (found >= 0) patch.cell = found;
  const other = app.runs[1] ? cell(app.runs[1], parts.get("cell1")) : -1;
  if (other >= 0) patch.cell1 = other;
  if (parts.get("map")) patch.method = parts.get("map");
  if (parts.get("view") === "table") patch.view = "table";
  const [x, y, zoom] = (parts.get("at") ?? "").split(",").map(Number);
  if (zoom > 0 && Number.isFinite(x) && Number.isFinite(y)) Object.assign(app.maps[0].view, { x, y, zoom });
  const colour = parts.get("colour");
  if (colour && known(app, patch.cell ?? app.store.state.cell, colour)) patch.colour = colour;
  return patch;
}

function known(app, cell, key) {
  const { run } = app;
  return (
    run.cells[cell].clusterings.some((one) => `cluster:${one.id}` === key) ||
    run.labels.some((one) => `label:${one.name}` === key) ||
    run.descriptors.some((one) => `descriptor:${one.name}` === key) ||
    (key === "placed:" && run.firstAssigned < run.n)
  );
}

/** Restore the search, filters, selection and song of an address, once the songs are read. */
export async function restoreSongs(app, hash) {
  const parts = read(hash);
  const { run, store } = app;
  const filters = new Map();
  for (const one of parts.getAll("only")) {
    const [key, codes] = [one.slice(0, one.lastIndexOf(" ")), one.slice(one.lastIndexOf(" ") + 1)];
    if (!known(app, store.state.cell, key)) continue;
    const classes = await colouring(run, store.state.cell, key);
    const kept = codes.split(".").map(Number).filter((code) => code === -1 || classes.names[code] !== undefined);
    if (kept.length) filters.set(key, { kept: new Set(kept), classes });
  }
  const patch = { query: parts.get("q") ?? "", onlyMoved: parts.get("moved") === "1" && app.moves !== null };
  if (filters.size) patch.filters = filters;
  const chosen = spelled(parts.get("songs") ?? "", run.n);
  if (chosen.length) patch.selected = maskOf(run.n, chosen);
  const row = parts.get("song") ? run.songs.track_id.indexOf(parts.get("song")) : -1;
  if (row >= 0) patch.focus = { run: 0, row };
  store.set(patch);
}

/** Take the token out of the address, once it is in the cookie: addresses are shown, kept and passed on. */
export function hideToken() {
  const address = new URL(location.href);
  if (!address.searchParams.has("token")) return;
  address.searchParams.delete("token");
  history.replaceState(history.state, "", address);
}

/** Keep the address up to date from now on. */
export function keepAddress(app) {
  let timer = 0;
  const keys = ["cell", "cell1", "method", "colour", "query", "view", "onlyMoved", "focus", "filters", "selected", "panned"];
  app.store.on(keys, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const text = written(app);
      const foreign = location.hash && !location.hash.startsWith("#~");
      if (!text && (foreign || !location.hash)) return;
      try {
        history.replaceState(history.state, "", text ? `#~${text}` : location.pathname + location.search);
      } catch {
        // Some browsers forbid it to pages opened from a file; the page works without.
      }
    }, 300);
  });
}
