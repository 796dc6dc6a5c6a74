// Playlists of songs: as text made here (a page without a server), and the panel that names and saves them.

import { el, fill, own } from "./dom.js";
import { maskOf } from "./masks.js";
import { count, plural } from "./text.js";

const SHOWN = 60;
const line = (text) => String(text ?? "").replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, " ").trim();

/** The path in a relative URL, decoded: what stands in a playlist; null where no line can hold it. */
export function pathOf(url) {
  let path = url;
  try {
    path = decodeURIComponent(url);
  } catch {
    // Not percent-encoded text: the name stands as it is.
  }
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\s$/.test(path) ? null : path;
}

/** A path as a line that is taken for one: not for a comment, an address or a drive. */
function entry(path) {
  const [head] = path.split("/", 1);
  return /^[#\s\ufeff]/.test(head) || (head.includes(":") && !/^[a-z]+:\/\//i.test(path)) ? `./${path}` : path;
}

/** `songs`: {path, seconds, artist, title} each; those without a path are left out. */
export function m3u8(name, songs) {
  const lines = ["#EXTM3U"];
  if (line(name)) lines.push(`#PLAYLIST:${line(name)}`);
  for (const { path, seconds, artist, title } of songs) {
    if (path === null) continue;
    const whole = Number.isFinite(seconds) ? Math.round(seconds) : -1;
    lines.push(`#EXTINF:${whole},${line([artist, title].filter(Boolean).join(" - "))}`, entry(path));
  }
  return `${lines.join("\n")}\n`;
}

/** A text that a spreadsheet would take for a formula, as one that it takes for text; numbers stay as they are. */
const guarded = (value) => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : value);

/** A table as CSV, quoted where RFC 4180 asks for it, that no spreadsheet takes for formulas. */
export function csv(rows) {
  const cell = (value) => {
    const text = String(guarded(value) ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** A name that every file system takes. */
export function fileName(name, ending) {
  const safe = line(name).replace(/[<>:"/\\|?*]+/g, " ").replace(/\s+/g, " ").replace(/^[.\s]+|[.\s]+$/g, "").slice(0, 80);
  return `${safe || "playlist"}.${ending}`;
}

function save(text, type, name) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Save songs (rows of run 0) as a file: by the server where there is one, else made here. */
export async function savePlaylist(app, name, rows, format) {
  const heard = rows.filter((row) => app.soundUrl({ run: 0, row }) !== null);
  const kept = format === "m3u8" ? heard : rows;
  if (kept.length === 0) return app.announce("None of these songs has sound: there is nothing to play.");
  const made = format === "csv" ? table : list;
  const text = app.api ? await app.try(() => app.api.playlist(0, asked(app, name, kept, format))) : made(app, kept, name);
  if (text === null) return;
  save(text, format === "csv" ? "text/csv" : "audio/x-mpegurl", fileName(name, format));
  const left = rows.length - kept.length;
  app.announce(`Saved ${plural(kept.length, "song")}.${left ? ` ${plural(left, "song")} without sound left out.` : ""}`);
}

function asked(app, name, rows, format) {
  const cell = app.run.cells[app.store.state.cell].cell;
  return { name, rows, format, folder: null, cell, clustering: app.clusterings[0]?.id ?? null };
}

const fileOf = (app, row) => {
  const url = app.soundUrl({ run: 0, row });
  return url === null ? null : pathOf(url);
};

function list(app, rows, name) {
  const { songs } = app.run;
  return m3u8(name, rows.map((row) => ({
    path: fileOf(app, row), seconds: songs.duration?.[row], artist: songs.artist?.[row], title: songs.title[row],
  })));
}

/** A path that leads to the same file and begins like no formula. */
const relative = (path) => (path !== null && /^[=+\-@]/.test(path) ? `./${path}` : path);

/** The columns that the command line writes, too. */
function table(app, rows) {
  const { songs } = app.run;
  const [facts] = app.facts;
  const line = (row) => {
    const cluster = app.clusterings[0]?.codes[row] ?? -2;
    return [
      songs.track_id[row], relative(fileOf(app, row)), songs.title[row], songs.artist?.[row],
      facts?.value("language", row), facts?.value("genre", row), cluster === -2 ? null : cluster,
    ];
  };
  return csv([["track_id", "path", "title", "artist", "language", "genre", "cluster"], ...rows.map(line)]);
}

/** The panel of the songs that stand out: to hear one after the other, to name, to save. */
export function selection(app) {
  const title = el("p", { class: "mz-lead", "aria-live": "polite" });
  const name = el("input", { type: "text", id: "mz-listname", placeholder: "Playlist", autocomplete: "off", dir: "auto" });
  const list = el("ol", { class: "mz-songs" });
  const rows = () => app.activeRows();
  const called = () => name.value.trim() || name.placeholder;
  const button = (text, act, main = false) => el("button", { type: "button", class: main ? "mz-main" : null, onclick: act }, text);
  const keep = button("Keep as selection", () => app.select(maskOf(app.run.n, rows())));
  const clear = button("Clear", () => app.clear());
  const element = el(
    "div",
    { class: "mz-selection" },
    title,
    el("div", { class: "mz-buttons" }, button("Play these", () => app.player.playAll(rows().map((row) => ({ run: 0, row }))), true), keep, clear),
    el("div", { class: "mz-field" }, el("label", { for: "mz-listname" }, "Name"), name),
    el(
      "div",
      { class: "mz-buttons" },
      button("Save as .m3u8", () => savePlaylist(app, called(), rows(), "m3u8")),
      button("Save as CSV", () => savePlaylist(app, called(), rows(), "csv")),
    ),
    el("p", { class: "mz-hint" }, app.api ? "Paths are relative to the corpus." : "Paths are relative to this page: keep the playlist beside it."),
    list,
  );
  const show = () => {
    if (!app.run.songs) return;
    const { mask, n } = app.active[0];
    title.textContent =
      mask === null ? `All ${plural(n, "song")}. Draw a lasso, click the legend or search to choose some.` : `${plural(n, "song")} of ${count(app.run.n)}`;
    name.placeholder = suggested(app);
    clear.disabled = mask === null;
    const selected = app.store.state.selected?.reduce((sum, one) => sum + one, 0);
    keep.disabled = mask === null || (selected === n && !app.picking);
    const some = mask === null ? [] : rows().slice(0, SHOWN);
    fill(list, ...some.map((row) => songLine(app, row)), n > some.length && some.length ? el("li", { class: "mz-hint" }, `and ${count(n - some.length)} more: see the table`) : null);
  };
  app.store.on(["narrowed", "read", "coloured"], show);
  show();
  return element;
}

/** One song in a list: click to look at and hear it. */
export function songLine(app, row, note = null) {
  const { songs } = app.run;
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", onclick: () => { app.open({ run: 0, row }, { play: true, stay: true }); app.maps[0].reveal(row); } },
      own(songs.title[row], { class: "mz-name" }),
      songs.artist?.[row] ? own(songs.artist[row], { class: "mz-soft" }) : null,
      note === null ? null : el("span", { class: "mz-count" }, note),
    ),
  );
}

function suggested(app) {
  const { filters, query, colour } = app.store.state;
  const one = filters.get(colour);
  if (one?.kept.size === 1) {
    const [code] = one.kept;
    return code < 0 ? one.classes.rest : one.classes.names[code];
  }
  return query || "Playlist";
}
