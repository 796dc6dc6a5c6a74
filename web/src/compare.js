// Songs that moved between two runs: those whose cluster is not the partner of the one they were in.

import { el, fill } from "./dom.js";
import { clusterOf } from "./facts.js";
import { rowsOf } from "./masks.js";
import { songLine } from "./playlist.js";
import { count, percent, plural } from "./text.js";

const SHOWN = 100;

export function compare(app) {
  const lead = el("p", { class: "mz-lead" });
  const only = el("button", { type: "button", onclick: () => app.store.set({ onlyMoved: !app.store.state.onlyMoved }) }, "Show only these");
  const list = el("ol", { class: "mz-songs mz-moved" });
  const element = el(
    "div",
    { class: "mz-panel" },
    lead,
    el("p", { class: "mz-hint" }, "Clusters of the two runs are paired so that most songs stay together; a song moved where its clusters are no pair. The second map is turned and scaled onto the first."),
    el("div", { class: "mz-buttons" }, only),
    list,
  );
  const show = () => {
    only.setAttribute("aria-pressed", String(app.store.state.onlyMoved));
    if (!app.moves || !app.run.songs) return fill(lead, "Aligning the runs…");
    const rows = rowsOf(app.moves);
    const shared = app.partners.reduce((sum, row) => sum + (row >= 0), 0);
    lead.textContent = `${plural(rows.length, "song")} of ${count(shared)} in both runs moved (${percent(shared ? rows.length / shared : 0)}).`;
    only.disabled = rows.length === 0;
    const words = (row) => {
      const [was, is] = [clusterOf(app.compared[0], row), clusterOf(app.compared[1], app.partners[row])];
      return was && is ? `${was.name} → ${is.name}` : null;
    };
    const more = rows.length > SHOWN ? el("li", { class: "mz-hint" }, `and ${count(rows.length - SHOWN)} more: show only these, and see the table`) : null;
    fill(list, ...rows.slice(0, SHOWN).map((row) => songLine(app, row, words(row))), more);
  };
  app.store.on(["mapped", "read", "onlyMoved"], show);
  show();
  return element;
}
