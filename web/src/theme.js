// Light, dark, or as the system has it.

import { el, icon, kept } from "./dom.js";

const NEXT = { auto: "light", light: "dark", dark: "auto" };

export function setTheme(app, theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  app.store.set({ theme });
  app.readColours();
}

/** Follow the kept setting and the system. */
export function startTheme(app) {
  const theme = kept.get("theme", "auto");
  setTheme(app, theme in NEXT ? theme : "auto");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.readColours());
}

export function themeButton(app) {
  const button = el("button", { type: "button", class: "mz-icon mz-theme", onclick: () => {
    const theme = NEXT[app.store.state.theme];
    kept.set("theme", theme);
    setTheme(app, theme);
    app.announce(`Theme: ${theme}.`);
  } }, icon("theme"));
  const show = () => {
    const text = `Theme: ${app.store.state.theme}; change`;
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  app.store.on(["theme"], show);
  show();
  return button;
}
