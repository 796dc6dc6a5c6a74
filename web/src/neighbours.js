// The songs nearest in latent space to the one looked at, with their distances; to hear one after the other.

import { el, fill } from "./dom.js";
import { songLine } from "./playlist.js";

export function neighbours(app) {
  const list = el("ol", { class: "mz-songs" });
  const note = el("p", { class: "mz-hint" });
  const all = el("button", { type: "button", disabled: true, onclick: () => app.player.playAll(rows.map((row) => ({ run: 0, row }))) }, "Play all");
  const element = el(
    "div",
    { class: "mz-panel", hidden: true },
    el("div", { class: "mz-row" }, el("h3", {}, "Nearest songs"), all),
    note,
    list,
  );
  let rows = [];
  let asked = null;
  let timer = 0;

  const ask = async () => {
    const { focus, cell, tab } = app.store.state;
    const row = app.rowIn(0, focus);
    element.hidden = row < 0;
    const wanted = `${cell} ${row}`;
    if (row < 0 || tab !== "song" || app.maps[0].points === null || wanted === asked) return;
    asked = wanted;
    if (Number.isNaN(app.maps[0].x[row])) return none("This song is not in this representation.");
    try {
      const found = await (app.api ? app.api.neighbours(0, app.run.cells[cell].cell, row) : app.run.neighbours(cell, row));
      if (wanted !== asked) return;
      element.hidden = found === null; // a report knows those of songs placed afterwards alone
      if (found === null) return app.trail("neighbours", []);
      rows = found.rows;
      note.textContent = "By distance in the latent space, not on the map.";
      fill(list, ...rows.map((one, i) => songLine(app, one, found.distances[i].toFixed(2))));
      all.disabled = rows.length === 0;
      app.trail("neighbours", [row, ...rows]);
    } catch (error) {
      if (wanted === asked) none(error.message);
    }
  };

  const none = (words) => {
    [rows, all.disabled] = [[], true];
    note.textContent = words;
    fill(list);
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120); // who walks with the arrow keys passes many songs
  };
  app.store.on(["focus", "cell", "tab", "read"], soon);
  app.store.on(["mapped"], () => {
    asked = null; // the star belongs to the old map
    soon();
  });
  soon();
  return element;
}
