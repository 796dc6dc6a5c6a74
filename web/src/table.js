// The songs that stand out as a real table: pages, sorting, keys; the way in for who cannot see or use the map.

import { el, fill, icon, own } from "./dom.js";
import { clusterOf, simpleLabels } from "./facts.js";
import { clock, count, plural } from "./text.js";

const PAGE = 100;
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

export function table(app) {
  let [rows, page, sort, down] = [[], 0, "title", 1];
  const caption = el("caption", { "aria-live": "polite" });
  const head = el("thead");
  const body = el("tbody");
  const pager = el("div", { class: "mz-pager", role: "group", "aria-label": "Pages" });
  const element = el("div", { class: "mz-table", hidden: true }, el("div", { class: "mz-scroll", tabindex: "-1" }, el("table", {}, caption, head, body)), pager);
  const { run } = app;
  let keys = new Map();

  const label = (name) => ({ key: name, title: name, of: (row) => app.facts[0]?.value(name, row) ?? "" });
  const columns = () => [
    { key: "title", title: "title", of: (row) => run.songs.title[row] },
    ...(run.songs.artist ? [{ key: "artist", title: "artist", of: (row) => run.songs.artist[row] }] : []),
    ...simpleLabels(run).slice(0, 3).map(label),
    ...(app.clusterings[0] ? [{ key: "cluster", title: "cluster", of: (row) => clusterOf(app.clusterings[0], row)?.name ?? "" }] : []),
    { key: "duration", title: "length", of: (row) => run.songs.duration?.[row] ?? NaN, shown: (row) => clock(run.songs.duration?.[row] ?? NaN) },
    { key: "path", title: "file", of: (row) => run.songs.path[row] },
  ];

  const order = () => {
    const column = columns().find((one) => one.key === sort) ?? columns()[0];
    if (!keys.has(column.key)) keys.set(column.key, ranks(run.n, column.of));
    const rank = keys.get(column.key);
    rows = app.reachRows().sort((a, b) => down * (rank[a] - rank[b]) || a - b);
  };

  const show = () => {
    if (element.hidden || !run.songs) return;
    page = Math.max(0, Math.min(page, Math.ceil(rows.length / PAGE) - 1));
    const from = page * PAGE;
    const some = rows.slice(from, from + PAGE);
    const { selected, focus, playing } = app.store.state;
    const all = app.reach[0] === null ? `All ${plural(run.n, "song")}` : `${count(rows.length)} of ${plural(run.n, "song")}`;
    caption.textContent = app.picking ? `${all}, ${count(app.active[0].n)} selected` : all;
    const held = controlIn(body);
    const shown = columns();
    fill(
      head,
      el(
        "tr",
        {},
        el("th", { scope: "col" }, el("span", { class: "mz-unseen" }, "Play and select")),
        shown.map(({ key, title }) =>
          el(
            "th",
            { scope: "col", "aria-sort": key === sort ? (down > 0 ? "ascending" : "descending") : "none" },
            el("button", { type: "button", onclick: () => by(key) }, own(title), key === sort ? (down > 0 ? " ↑" : " ↓") : ""),
          ),
        ),
      ),
    );
    fill(
      body,
      some.map((row) => {
        const at = focus?.run === 0 && focus.row === row;
        const box = el("input", { type: "checkbox", "aria-label": `Select ${run.songs.title[row]}` });
        box.checked = selected?.[row] === 1;
        box.addEventListener("change", () => app.toggle(0, row));
        const going = playing?.run === 0 && playing.row === row;
        return el(
          "tr",
          { "data-row": row, class: `${at ? "mz-at" : ""} ${going ? "mz-going" : ""}`, "aria-current": at ? "true" : null },
          el("td", {}, el("div", { class: "mz-does" },
            el("button", { type: "button", class: "mz-icon", "aria-label": `${going ? "Play or pause" : "Play"} ${run.songs.title[row]}`, onclick: () => (going ? app.player.flip() : app.open({ run: 0, row }, { play: true })) }, icon("play")),
            box,
          )),
          shown.map(({ key, of, shown: words }) => el(key === "title" ? "th" : "td", key === "title" ? { scope: "row" } : {}, own(String(words ? words(row) : of(row))))),
        );
      }),
    );
    held?.();
    const step = (by, name) =>
      el("button", { type: "button", disabled: by < 0 ? page === 0 : from + PAGE >= rows.length, onclick: () => turn(by) }, name);
    fill(pager, step(-1, "Previous"), el("span", {}, rows.length ? `${count(from + 1)} to ${count(from + some.length)}` : "nothing stands out"), step(1, "Next"));
  };

  const by = (key) => {
    [down, sort, page] = [key === sort ? -down : 1, key, 0];
    order();
    show();
    head.querySelector('[aria-sort$="ending"] button')?.focus();
    app.announce(`Sorted by ${key}, ${down > 0 ? "ascending" : "descending"}.`);
  };

  const turn = (by) => {
    page += by;
    show();
    element.firstChild.scrollTop = 0;
    pager.querySelectorAll("button")[by > 0 ? 1 : 0].focus();
  };

  element.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || rows.length === 0 || event.target.matches("input[type=range]")) return;
    event.preventDefault();
    const { focus } = app.store.state;
    const now = focus?.run === 0 ? rows.indexOf(focus.row) : -1;
    const next = Math.max(0, Math.min(rows.length - 1, now < 0 ? page * PAGE : now + step));
    page = Math.floor(next / PAGE);
    app.open({ run: 0, row: rows[next] }, { play: app.player.auditioning });
    const line = body.querySelector(`[data-row="${rows[next]}"]`);
    line?.querySelector("button")?.focus({ preventScroll: true });
    line?.scrollIntoView({ block: "nearest" });
  });

  const refresh = () => {
    if (element.hidden || !run.songs) return;
    order();
    show();
  };
  app.store.on(["view"], () => {
    element.hidden = app.store.state.view !== "table";
    refresh();
  });
  app.store.on(["narrowed", "read"], () => {
    if (!app.picking) page = 0;
    refresh();
  });
  app.store.on(["facts", "clustered"], () => {
    keys = new Map();
    refresh();
  });
  app.store.on(["focus", "playing"], show);
  return element;
}

/** What gives the focus back to the control that has it, once the rows are made anew; null where none has it. */
function controlIn(body) {
  const line = document.activeElement?.closest("tr");
  if (!line || !body.contains(line)) return null;
  const [row, kind] = [line.dataset.row, document.activeElement.localName];
  return () => body.querySelector(`[data-row="${row}"] ${kind}`)?.focus({ preventScroll: true });
}

/** The place of every row in the order of a column; empty and unknown values come last. */
function ranks(n, of) {
  const values = Array.from({ length: n }, (_, row) => of(row));
  const empty = (value) => value === "" || Number.isNaN(value);
  const order = Array.from({ length: n }, (_, row) => row).sort((a, b) => {
    const [p, q] = [values[a], values[b]];
    if (empty(p) || empty(q)) return empty(p) - empty(q);
    return typeof p === "number" ? p - q : collator.compare(p, q);
  });
  const rank = new Int32Array(n);
  order.forEach((row, place) => (rank[row] = place));
  return rank;
}
