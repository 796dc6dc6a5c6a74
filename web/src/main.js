// Mounts the map and its panels on #musaic, from the data inside the page or from the explorer's server.

import { Api } from "./api.js";
import { App } from "./app.js";
import { hoverCard, songCard } from "./card.js";
import { compare } from "./compare.js";
import { firstKey } from "./colouring.js";
import { FORMAT, Run } from "./dataset.js";
import { el, fill, own } from "./dom.js";
import { readFacts } from "./facts.js";
import { listen } from "./gestures.js";
import { latents } from "./latents.js";
import { legend } from "./legend.js";
import { MapView } from "./map.js";
import { neighbours } from "./neighbours.js";
import { songPath } from "./path.js";
import { Player } from "./player.js";
import { selection } from "./playlist.js";
import { table } from "./table.js";
import { tabs } from "./tabs.js";
import { plural } from "./text.js";
import { startTheme, themeButton } from "./theme.js";
import { cells, chips, METHODS, toolbar } from "./toolbar.js";
import "./musaic.css";
import { hideToken, keepAddress, restored, restoreSongs } from "./url.js";

const KEYS =
  "Arrow keys go to the next song in that direction, Space plays and pauses, Enter selects, L draws a lasso, plus and minus zoom, 0 shows all, slash searches, Escape clears. The table shows the same songs as text.";

async function boot(root) {
  const mode = root.dataset.mode === "explore" ? "explore" : "report";
  root.classList.add("mz", `mz-${mode}`);
  const api = mode === "explore" ? new Api() : null;
  const data = api ? await api.page() : JSON.parse(document.getElementById("musaic-data").textContent);
  hideToken();
  if (data.format !== FORMAT) throw new Error(`This page's data have format ${data.format}; this script reads format ${FORMAT}. Make the page again.`);
  const runs = data.runs.map((raw, i) => new Run(raw, api ? (cell) => api.cell(i, cell) : null));
  if (runs.length > 1 && runs[0].name === runs[1].name) runs.forEach((run, i) => (run.name += ` (${i + 1})`));
  const first = runs.map((run) => (run.has(run.raw.first ?? 0) ? (run.raw.first ?? 0) : run.cells.findIndex((_, i) => run.has(i))));
  if (first.includes(-1)) throw new Error("No representation of this run has a map, so there is none to show.");
  const app = new App(root, mode, runs, api);
  Object.assign(app.store.state, { cell: first[0], cell1: first[1] ?? 0 });
  app.firstColour = firstKey(runs[0], first[0]);
  window.musaic.app = app;
  window.musaic.store = app.store;
  window.musaic.times = app.times;
  assemble(app);
  startTheme(app);
  document.getElementById("musaic-theme")?.append(themeButton(app)); // in a report it stands beside the contents
  const address = location.hash;
  const patch = restored(app, address);
  app.store.set({ method: runs[0].cells[patch.cell ?? first[0]].methods[0], colour: app.firstColour, ...patch });
  await Promise.all(runs.map((run) => run.readSongs()));
  await settled(app);
  app.store.set({ read: true });
  await restoreSongs(app, address);
  keepAddress(app);
  app.times.ready = performance.now();
  performance.mark("musaic ready");
  root.dataset.ready = "";
  app.facts = await Promise.all(runs.map(readFacts));
  app.bump("facts");
  return app;
}

/** Once the first map is coloured and drawn. */
function settled(app) {
  return new Promise((done) => {
    const look = () => (app.store.state.coloured > 0 && app.store.state.mapped > 0) || !app.maps[0].note.hidden;
    if (look()) done();
    else app.store.on(["coloured", "mapped"], () => look() && done());
    setTimeout(done, 10_000); // a map that failed has said so; the rest of the page goes on
  });
}

function assemble(app) {
  const { root, runs, mode } = app;
  const view = { x: 0, y: 0, zoom: 1 };
  app.player = new Player(app);
  app.maps = runs.map((_, i) => new MapView(app, i, view));
  const stages = app.maps.map((map, i) => {
    listen(map);
    hoverCard(app, map);
    return runs.length > 1 ? el("div", { class: "mz-half" }, i === 1 ? el("div", { class: "mz-over-map" }, cells(app, 1)) : el("p", { class: "mz-over-map" }, own(runs[0].name)), map.element) : map.element;
  });
  const maps = el("div", { class: `mz-maps${runs.length > 1 ? " mz-two" : ""}` }, stages);
  const list = table(app);
  const panels = [
    { key: "song", title: "Song", of: () => [songCard(app, api(app)), ...(app.api || app.run.firstAssigned < app.run.n ? [neighbours(app)] : [])] },
    { key: "selection", title: "Playlist", of: () => [selection(app)] },
    ...(app.api ? [{ key: "path", title: "Path", of: () => [songPath(app)] }, { key: "latents", title: "Latents", of: () => [latents(app)] }] : []),
    ...(runs.length > 1 ? [{ key: "compare", title: "Moved", of: () => [compare(app)] }] : []),
  ];
  const side = el("aside", { class: "mz-side", "aria-label": "Legend and songs" }, legend(app), about(app), tabs(app, panels));
  const name = mode === "explore" ? el("h1", { class: "mz-run" }, own(runs.map((run) => run.name).join(" · ")), " ", el("small", {}, plural(runs[0].n, "song"))) : null;
  fill(
    root,
    el("p", { class: "mz-unseen", id: "mz-keys" }, KEYS),
    el("p", { class: "mz-unseen mz-live", role: "status", "aria-live": "polite" }),
    el("div", { class: "mz-top" }, name, toolbar(app)),
    el("div", { class: "mz-body" }, el("div", { class: "mz-main-side" }, chips(app), maps, list), side),
    app.player.element,
  );
  app.store.on(["tool"], () => root.classList.toggle("mz-lassoing", app.store.state.tool === "lasso"));
  app.store.on(["view"], () => (maps.hidden = app.store.state.view === "table"));
  root.addEventListener("keydown", (event) => keys(app, event));
  if (mode === "explore") {
    document.addEventListener("keydown", (event) => {
      if (event.target === document.body) keys(app, event);
    });
  }
}

const api = (app) => (focus) =>
  app.api && focus.run === 0
    ? [
        el("button", { type: "button", onclick: () => app.store.set({ pathFrom: focus.row, tab: "path" }) }, "Path from here"),
        el("button", { type: "button", onclick: () => app.store.set({ pathTo: focus.row, tab: "path" }) }, "Path to here"),
      ]
    : [];

/** Keys that hold wherever one is on the map's page. */
function keys(app, event) {
  const typing = event.target.matches?.("input:not([type=checkbox]):not([type=range]), select, textarea");
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  if (event.key === " " && !event.target.matches?.("button, input, summary")) app.player.toggle();
  else if (event.key === "/") app.root.querySelector("#mz-search").focus();
  else if (event.key === "Escape") app.clear();
  else if (event.key === "l" || event.key === "L") app.store.set({ tool: app.store.state.tool === "lasso" ? "pan" : "lasso" });
  else return;
  event.preventDefault();
}

/** What must be known of a representation before it is believed. */
function about(app) {
  const element = el("div", { class: "mz-remarks" });
  const show = () => {
    const cell = app.run.cells[app.store.state.cell];
    const remarks = [...(cell.remarks ?? [])];
    if (cell.collapsed && !remarks.some((text) => /collaps/i.test(text))) remarks.push("Its latents have collapsed: the map shows little.");
    if (cell.leaked?.length && !remarks.some((text) => /seen/i.test(text))) remarks.push(`Its latents have seen the labels ${cell.leaked.join(", ")}.`);
    if (app.madeBy) remarks.push(`There are too few different songs for ${METHODS[app.store.state.method]}: this map was made by ${app.madeBy.toUpperCase()}.`);
    fill(element, remarks.map((text) => el("p", {}, own(text)))).hidden = remarks.length === 0;
  };
  app.store.on(["cell", "mapped"], show);
  show();
  return element;
}

const root = document.getElementById("musaic");
if (root) {
  window.musaic = { times: {} };
  window.musaic.ready = boot(root).catch((error) => {
    fill(root, el("p", { class: "mz-failed", role: "alert" }, error.message));
    root.dataset.failed = "";
    return null;
  });
}
