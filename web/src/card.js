// What a song is, in words: a small card beside the pointer, a full one in the side panel.

import { el, fill, icon, own } from "./dom.js";
import { heard, measured, songFacts } from "./facts.js";
import { swatch } from "./legend.js";

/** Keep the small card of a map beside the song under the pointer. */
export function hoverCard(app, map) {
  app.store.on(["hover"], () => {
    const { hover } = app.store.state;
    const run = app.runs[map.index];
    const row = hover?.run === map.index ? hover.row : -1;
    map.hoverCard.hidden = row < 0 || !run.songs;
    if (map.hoverCard.hidden) return;
    const facts = songFacts(run, app.facts[map.index], app.clusterings[map.index], row);
    fill(
      map.hoverCard,
      own(run.songs.title[row], { class: "mz-title" }),
      run.songs.artist?.[row] ? own(run.songs.artist[row], { class: "mz-artist" }) : null,
      el("dl", {}, facts.slice(0, 4).map(pair)),
      own(run.songs.path[row], { class: "mz-path" }),
    );
    const [x, y] = map.at(row);
    const { offsetWidth: width, offsetHeight: height } = map.hoverCard;
    const right = x + 18 + width < map.width ? x + 18 : Math.max(4, x - width - 18);
    map.hoverCard.style.insetInlineStart = `${right}px`;
    map.hoverCard.style.insetBlockStart = `${Math.max(4, Math.min(map.height - height - 4, y - height / 2))}px`;
  });
}

const pair = ([term, words, foreign]) => el("div", {}, el("dt", {}, own(term)), el("dd", {}, foreign ? own(words) : words));

/** The full card of the song looked at; `more` adds buttons for it. */
export function songCard(app, more = () => []) {
  const element = el("div", { class: "mz-card" });
  const show = () => {
    const { focus, playing } = app.store.state;
    const run = focus && app.runs[focus.run];
    if (!run?.songs) {
      return fill(element, el("p", { class: "mz-empty" }, "No song chosen. Click one on the map, or choose the map with Tab and walk with the arrow keys."));
    }
    const { row } = focus;
    const { songs } = run;
    const going = playing?.row === row && playing.run === focus.run;
    const silent = app.soundUrl(focus) === null;
    const chosen = app.store.state.selected?.[app.rowIn(0, focus)] === 1;
    const classes = app.colourings[focus.run];
    const code = classes?.codes[row] ?? -1;
    fill(
      element,
      el(
        "div",
        { class: "mz-head" },
        el("h3", {}, code >= 0 ? swatch(app, classes.styles[code]) : null, own(songs.title[row])),
        songs.artist?.[row] ? el("p", { class: "mz-artist" }, own(songs.artist[row])) : null,
      ),
      el(
        "div",
        { class: "mz-buttons" },
        el("button", { type: "button", class: "mz-main", disabled: silent, onclick: () => app.player.play(focus) }, icon("play"), going ? "Play again" : "Play"),
        focus.run === 0 || app.rowIn(0, focus) >= 0
          ? el("button", { type: "button", "aria-pressed": String(chosen), onclick: () => app.toggle(focus.run, row) }, chosen ? "Selected" : "Select")
          : null,
        ...more(focus),
      ),
      el(
        "dl",
        { class: "mz-facts" },
        songFacts(run, app.facts[focus.run], app.clusterings[focus.run], row).map(pair),
        row >= run.firstAssigned ? pair(["in this map", "placed afterwards", false]) : null,
        pair(["sound", heard(run, row), false]),
        songs.status?.[row] ? pair(["status", songs.status[row], true]) : null,
        el("div", {}, el("dt", {}, "file"), el("dd", {}, own(songs.path[row], { class: "mz-path" }))),
      ),
      scales(app, focus),
    );
  };
  app.store.on(["focus", "playing", "read", "facts", "coloured", "restyled", "selected", "clustered"], show);
  show();
  return element;
}

/** Measured values as small rulers: where this song stands between the lowest and the highest. */
function scales(app, { run, row }) {
  const values = measured(app.facts[run], row);
  if (values.length === 0) return null;
  return el(
    "dl",
    { class: "mz-scales" },
    values.map(({ title, words, share }) => {
      const dot = el("span", { class: "mz-dot" });
      dot.style.insetInlineStart = `${100 * share}%`;
      return el("div", {}, el("dt", {}, title), el("dd", {}, el("span", { class: "mz-ruler", "aria-hidden": "true" }, dot), el("span", { class: "mz-number" }, words)));
    }),
  );
}
