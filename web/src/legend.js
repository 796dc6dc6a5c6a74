// The legend: what the colours mean, how many songs of each class stand out; a click keeps only some classes.

import { choices } from "./colouring.js";
import { el, fill, own, svg } from "./dom.js";
import { MOST_RINGS } from "./overlay.js";
import { corners, css, onPaper, REST, restOn } from "./palette.js";
import { count, percent, plural } from "./text.js";

const paintOf = (app, color) =>
  css(color === REST ? restOn(app.colours.paper, app.colours.ink) : onPaper(color, app.colours.paper, app.colours.ink));

/** A class's marker as a small picture. */
export function swatch(app, { color, marker }) {
  const paint = paintOf(app, color);
  const points = corners(marker);
  const shape = points
    ? svg("polygon", { points: points.map(([x, y]) => `${6 + 4.4 * x},${6 + 4.4 * y}`).join(" "), fill: paint })
    : svg("circle", { cx: 6, cy: 6, r: 4.6, fill: paint });
  return svg("svg", { viewBox: "0 0 12 12", width: 12, height: 12, class: "mz-swatch", "aria-hidden": "true" }, shape);
}

/** What the rings on the map mean, where there are some. */
function ringed({ n, firstAssigned }) {
  const placed = n - firstAssigned;
  if (placed === 0 || placed > MOST_RINGS) return null;
  return el("p", { class: "mz-about" }, `${plural(placed, "song")} in a ring ${placed === 1 ? "was" : "were"} placed afterwards.`);
}

export function legend(app) {
  const select = el("select", { id: "mz-colour" });
  select.addEventListener("change", () => app.store.set({ colour: select.value }));
  const list = el("ul", { class: "mz-classes" });
  const about = el("p", { class: "mz-about" });
  const element = el(
    "div",
    { class: "mz-legend", role: "region", "aria-label": "Legend" },
    el("div", { class: "mz-field" }, el("label", { for: "mz-colour" }, "Colour by"), select),
    about,
    list,
    ringed(app.run),
  );

  const options = () => {
    const { cell, colour } = app.store.state;
    const groups = choices(app.run, cell).map(({ group, options: some }) =>
      el("optgroup", { label: group }, some.map(({ key, title }) => el("option", { value: key }, title))),
    );
    fill(select, ...groups).value = colour;
  };

  let rows = [];
  const rebuild = () => {
    const [classes] = app.colourings;
    if (!classes) return;
    options();
    const stability = app.run.cells[app.store.state.cell].clusterings.find((one) => `cluster:${one.id}` === classes.key)?.stability;
    about.textContent = stability == null ? (classes.unit ? `in ${classes.unit}` : "") : `Stability over seeds ${stability.toFixed(2)} (1 is the same each time).`;
    const order = [...classes.names.keys(), -1];
    rows = order
      .filter((code) => classes.counts.at(code) > 0)
      .map((code) => {
        const style = code < 0 ? { color: REST, marker: "o" } : classes.styles[code];
        const number = el("span", { class: "mz-count" });
        const bar = el("span", { class: "mz-bar", "aria-hidden": "true" });
        bar.style.backgroundColor = paintOf(app, style.color);
        const name = code < 0 ? classes.rest : classes.names[code];
        const button = el(
          "button",
          { type: "button", "aria-pressed": "false", onclick: () => app.toggleClass(code) },
          swatch(app, style), own(name, { class: "mz-name", title: name }), number, bar,
        );
        return { code, button, number, bar };
      });
    fill(list, ...rows.map(({ button }) => el("li", {}, button)));
    recount();
  };

  const recount = () => {
    const [classes] = app.colourings;
    if (!classes || !app.counts) return;
    const kept = app.store.state.filters.get(classes.key)?.kept;
    const all = app.active[0].mask === null;
    const most = Math.max(...classes.counts);
    for (const { code, button, number, bar } of rows) {
      const [now, total] = [app.counts.at(code), classes.counts.at(code)];
      number.textContent = all ? count(total) : `${count(now)} / ${count(total)}`;
      button.setAttribute("aria-pressed", String(kept?.has(code) ?? false));
      button.classList.toggle("mz-out", now === 0);
      button.title = all ? "Keep only these" : `${percent(now / total)} of them stand out`;
      bar.style.inlineSize = `calc((100% - 2.6rem) * ${(now / most).toFixed(4)})`;
    }
  };

  app.store.on(["coloured", "restyled"], rebuild);
  app.store.on(["narrowed"], recount);
  return element;
}
