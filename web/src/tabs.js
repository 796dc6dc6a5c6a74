// Panels of which one is seen: arrow keys move between them; each is made when it is first opened.

import { el, fill } from "./dom.js";

export function tabs(app, panels) {
  const bar = el("div", { class: "mz-tabs", role: "tablist", "aria-label": "Panels" });
  const boxes = new Map();
  const buttons = panels.map(({ key, title }) =>
    el("button", { type: "button", role: "tab", id: `mz-tab-${key}`, "aria-controls": `mz-panel-${key}`, onclick: () => app.store.set({ tab: key }) }, title),
  );
  for (const { key } of panels) {
    boxes.set(key, el("div", { role: "tabpanel", id: `mz-panel-${key}`, "aria-labelledby": `mz-tab-${key}`, hidden: true }));
  }
  const show = () => {
    const { tab } = app.store.state;
    panels.forEach(({ key, of }, i) => {
      const here = key === tab;
      const box = boxes.get(key);
      if (here && !box.firstChild) fill(box, ...of());
      box.hidden = !here;
      buttons[i].setAttribute("aria-selected", String(here));
      buttons[i].tabIndex = here ? 0 : -1;
    });
  };
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = panels.findIndex(({ key }) => key === app.store.state.tab);
    const next = (at + step + panels.length) % panels.length;
    app.store.set({ tab: panels[next].key });
    buttons[next].focus();
  });
  bar.append(...buttons);
  app.store.on(["tab"], show);
  show();
  return el("div", { class: "mz-panels" }, bar, ...boxes.values());
}
