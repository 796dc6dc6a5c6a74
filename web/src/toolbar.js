// The row above the map: which representation, which map, search, tools, table, light.

import { el, fill, icon, own } from "./dom.js";
import { count } from "./text.js";
import { themeButton } from "./theme.js";

export const METHODS = { umap: "UMAP", tsne: "t-SNE" };

export function toolbar(app) {
  return el("div", { class: "mz-toolbar" }, cells(app, 0), methods(app), search(app), tools(app), app.mode === "explore" ? themeButton(app) : null);
}

/** Choose a representation of a run. */
export function cells(app, index) {
  const key = index === 0 ? "cell" : "cell1";
  const run = app.runs[index];
  const id = `mz-${key}`;
  const select = el("select", { id });
  const words = (cell, i) => (run.has(i) ? cell.title : `${cell.title} (${cell.methods.length ? "too large for this page" : "no map"})`);
  fill(select, ...run.cells.map((cell, i) => el("option", { value: i, disabled: !run.has(i) }, words(cell, i))));
  select.addEventListener("change", () => app.store.set({ [key]: Number(select.value) }));
  app.store.on([key], () => (select.value = app.store.state[key]));
  select.value = app.store.state[key];
  return el("div", { class: "mz-field" }, el("label", { for: id }, app.runs.length > 1 ? own(run.name) : "Representation"), select);
}

function methods(app) {
  const group = el("div", { class: "mz-switch", role: "group", "aria-label": "Map" });
  const show = () => {
    const { cell, method } = app.store.state;
    const { methods: some } = app.run.cells[cell];
    const button = (one) =>
      el("button", { type: "button", "aria-pressed": String(one === method), onclick: () => { app.store.set({ method: one }); group.querySelector("[aria-pressed=true]").focus(); } }, METHODS[one] ?? one);
    fill(group, ...some.map(button)).hidden = some.length < 2;
  };
  app.store.on(["cell", "method"], show);
  show();
  return group;
}

function search(app) {
  const field = el("input", {
    type: "search", id: "mz-search", placeholder: "Search songs", "aria-label": "Search titles, artists and files", dir: "auto", autocomplete: "off", spellcheck: "false",
  });
  const found = el("span", { class: "mz-found" });
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      app.store.set({ query: field.value });
      if (field.value) app.announce(`${found.textContent} found.`);
    }, app.run.n > 20_000 ? 150 : 40);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && field.value) {
      event.stopPropagation();
      field.value = "";
      app.store.set({ query: "" });
    } else if (event.key === "Enter") {
      const [row] = app.activeRows();
      if (field.value && row !== undefined) {
        app.open({ run: 0, row });
        app.maps[0].reveal(row);
        app.maps[0].over.focus({ preventScroll: true });
      }
    }
  });
  app.store.on(["query"], () => {
    if (document.activeElement !== field) field.value = app.store.state.query;
  });
  app.store.on(["narrowed"], () => {
    const n = app.found?.reduce((sum, one) => sum + one, 0);
    found.textContent = app.found ? `${count(n)} of ${count(app.run.n)}` : "";
  });
  return el("div", { class: "mz-search" }, field, found);
}

function tools(app) {
  const { store } = app;
  const flip = (name, label, on, act) => {
    const button = el("button", { type: "button", class: "mz-icon", "aria-label": label, title: label, onclick: act }, icon(name));
    store.on(["tool"], () => button.setAttribute("aria-pressed", String(on())));
    button.setAttribute("aria-pressed", String(on()));
    return button;
  };
  const view = el("div", { class: "mz-switch", role: "group", "aria-label": "Show as" });
  const show = () => {
    const button = (key, text) =>
      el("button", { type: "button", "aria-pressed": String(store.state.view === key), onclick: () => { store.set({ view: key }); view.querySelector("[aria-pressed=true]").focus(); } }, text);
    fill(view, button("map", "Map"), button("table", "Table"));
  };
  store.on(["view"], show);
  show();
  return el(
    "div",
    { class: "mz-tools" },
    el(
      "div",
      { class: "mz-switch", role: "group", "aria-label": "Drag to" },
      flip("hand", "Drag moves the map", () => store.state.tool === "pan", () => store.set({ tool: "pan" })),
      flip("lasso", "Drag draws a lasso (L, or Shift and drag)", () => store.state.tool === "lasso", () => store.set({ tool: "lasso" })),
    ),
    view,
  );
}

/** What narrows the map right now, each with a button that lifts it. */
export function chips(app) {
  const element = el("div", { class: "mz-chips" });
  const chip = (text, lift) =>
    el("button", { type: "button", class: "mz-chip", "aria-label": `Lift: ${text}`, onclick: lift }, own(text), icon("close"));
  const show = () => {
    const { filters, selected, query, onlyMoved } = app.store.state;
    const without = (key) => new Map([...filters].filter(([other]) => other !== key));
    fill(
      element,
      selected ? chip(`${app.picking ? "selected" : "lasso"}: ${count(selected.reduce((sum, one) => sum + one, 0))}`, () => app.select(null)) : null,
      query ? chip(`“${query}”`, () => app.store.set({ query: "" })) : null,
      onlyMoved ? chip("moved", () => app.store.set({ onlyMoved: false })) : null,
      [...filters].map(([key, { classes, kept }]) => {
        const named = [...kept].map((code) => (code < 0 ? classes.rest : classes.names[code]));
        const text = named.length > 2 ? `${named.length} of ${classes.title}` : named.join(", ");
        return chip(text, () => app.store.set({ filters: without(key) }));
      }),
    );
  };
  app.store.on(["narrowed"], show);
  return element;
}
