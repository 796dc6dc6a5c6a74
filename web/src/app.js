// What the page is about: runs, the songs that stand out, the song looked at; every part reads and changes it here.

import { colouring, firstKey } from "./colouring.js";
import { codes, numbers } from "./dataset.js";
import { changed, countsIn, linked, ofClasses, rowsOf, together } from "./masks.js";
import { rgb } from "./palette.js";
import { Store } from "./store.js";
import { matches, plural, searchable } from "./text.js";

export class App {
  constructor(root, mode, runs, api) {
    this.root = root;
    this.mode = mode;
    this.runs = runs;
    this.api = api;
    this.maps = [];
    this.looked = []; // songs looked at before, the latest first
    this.colourings = runs.map(() => null);
    this.active = runs.map((run) => ({ mask: null, n: run.n }));
    this.picking = false; // songs are selected one by one
    this.reach = runs.map(() => null); // what arrow keys and the table go through: the active songs, while picking also the others
    this.facts = runs.map(() => null); // labels and measured values, for the words about a song
    this.clusterings = runs.map(() => null); // the clustering that those words speak of
    this.counts = null; // active songs of each class, the last without one
    this.pairs = null; // row in run 0 of each row in run 1
    this.partners = null; // row in run 1 of each row in run 0
    this.moves = null; // rows of run 0 that moved between the runs
    this.compared = [null, null]; // the clusterings that say so
    this.times = { ready: null, first: null, frame: null, worst: 0, lasso: null, hover: null };
    this.store = new Store({
      cell: 0, cell1: 0, method: null, colour: null, filters: new Map(), query: "", selected: null, onlyMoved: false,
      focus: null, hover: null, playing: null, view: "map", tool: "pan", tab: "song", theme: "auto",
      coloured: 0, narrowed: 0, mapped: 0, panned: 0, restyled: 0, clustered: 0, facts: 0, read: false, pathFrom: null, pathTo: null,
    });
    const { store } = this;
    store.on(["cell", "method"], () => this.remap());
    store.on(["cell1"], () => this.remap());
    store.on(["cell", "cell1", "colour"], () => this.recolour());
    store.on(["cell", "cell1", "colour"], () => this.recluster());
    store.on(["selected", "filters", "query", "onlyMoved"], () => this.narrow());
    store.on(["focus", "hover", "playing"], () => this.maps.forEach((map) => map.touch()));
  }

  get run() {
    return this.runs[0];
  }

  bump(key) {
    this.store.set({ [key]: this.store.state[key] + 1 });
  }

  /** Do something that may fail; a failure is said in words where the map is, and gives null. */
  async try(work) {
    try {
      return await work();
    } catch (error) {
      this.maps[0].say(error.message);
      this.announce(error.message);
      return null;
    }
  }

  announce(text) {
    this.live ??= this.root.querySelector(".mz-live");
    this.live.textContent = text;
  }

  /** Read the colours of the paper from the style sheet. */
  readColours() {
    const style = getComputedStyle(this.root);
    const color = (name) => rgb(style.getPropertyValue(name).trim());
    this.colours = { paper: color("--paper"), ink: color("--ink"), link: color("--link") };
    this.sans = style.getPropertyValue("--sans") || "sans-serif";
    this.maps.forEach((map) => map.restyle());
    this.bump("restyled");
  }

  /** Show the cell and method of the state; the newest wish wins. */
  async remap() {
    const wish = (this.mapWish = Symbol("map"));
    const { cell, method } = this.store.state;
    const { methods } = this.run.cells[cell];
    if (!methods.includes(method)) return this.store.set({ method: methods[0] });
    await this.try(async () => {
      const map = await this.run.map(cell, method);
      if (wish !== this.mapWish) return;
      this.maps[0].say(null);
      this.maps[0].setMap(map);
      this.madeBy = map.by; // another method, where there are too few songs for the one asked for
      this.bump("mapped");
      if (this.runs.length < 2) return;
      const aligned = await this.api.align(this.alignment());
      const [x, y, moved, pairs] = await Promise.all([
        numbers(aligned.x), numbers(aligned.y), codes(aligned.moved), codes(aligned.pairs),
      ]);
      if (wish !== this.mapWish) return;
      this.relink(pairs, moved);
      this.compared = await this.bestClusterings();
      if (wish !== this.mapWish) return;
      this.maps[1].say(null);
      this.maps[1].setMap({ x, y }, this.maps[0].frame);
      this.narrow();
      this.recolour();
      this.bump("mapped");
    });
  }

  /** What is laid upon what: the cells shown, by the method shown where both have it, and their best clusterings. */
  alignment() {
    const { cell, cell1, method } = this.store.state;
    const [one, other] = [this.run.cells[cell], this.runs[1].cells[cell1]];
    const what = { cell0: one.cell, cell1: other.cell, method0: method, method1: other.methods.includes(method) ? method : other.methods[0] };
    [this.run.bestClustering(cell), this.runs[1].bestClustering(cell1)].forEach((best, i) => best && (what[`clustering${i}`] = best.id));
    return what;
  }

  /** The clusterings of both runs that say which songs moved. */
  bestClusterings() {
    const { cell, cell1 } = this.store.state;
    return Promise.all([cell, cell1].map((at, i) => {
      const best = this.runs[i].bestClustering(at);
      return best ? this.runs[i].clustering(at, best.id) : null;
    }));
  }

  relink(pairs, moved) {
    this.pairs = pairs;
    this.partners = new Int32Array(this.run.n).fill(-1);
    this.moves = new Uint8Array(this.run.n);
    pairs.forEach((row, there) => {
      if (row < 0) return;
      this.partners[row] = there;
      if (moved[there] === 1) this.moves[row] = 1;
    });
  }

  /** Colour by what the state says; filters on clusters of another cell fall. */
  async recolour() {
    const wish = (this.colourWish = Symbol("colour"));
    const { cell, cell1, colour } = this.store.state;
    const known = (key) => !key.startsWith("cluster:") || this.run.cells[cell].clusterings.some((one) => `cluster:${one.id}` === key);
    if (colour === null || !known(colour)) return this.store.set({ colour: firstKey(this.run, cell) });
    const { filters } = this.store.state;
    if (![...filters.keys()].every(known)) this.store.set({ filters: new Map([...filters].filter(([key]) => known(key))) });
    await this.try(async () => {
      const made = [await colouring(this.run, cell, colour)];
      if (this.runs.length > 1) made.push(await this.secondColouring(colour, cell1, made[0]));
      if (wish !== this.colourWish) return;
      this.colourings = made;
      this.recount();
      this.maps.forEach((map) => map.restyle());
      this.bump("coloured");
    });
  }

  /** The second run in the colours of the first: what it does not have itself, its songs bring along from there. */
  async secondColouring(colour, cell, like) {
    const [, other] = this.runs;
    if (other.labels.some((one) => `label:${one.name}` === colour)) return colouring(other, cell, colour, like);
    const brought = new Int32Array(other.n).fill(-1);
    this.pairs?.forEach((row, there) => (brought[there] = row < 0 ? -1 : like.codes[row]));
    const best = other.bestClustering(cell);
    const named = best ? await colouring(other, cell, `cluster:${best.id}`) : null;
    return { ...like, kind: "brought", codes: brought, named };
  }

  /** Read the clusterings that songs are described by: the one that colours the map, else the best of the cell. */
  async recluster() {
    const { cell, cell1, colour } = this.store.state;
    const wish = (this.clusterWish = Symbol("clustering"));
    const one = (run, at) => {
      const { clusterings } = run.cells[at];
      const about = clusterings.find(({ id }) => `cluster:${id}` === colour) ?? run.bestClustering(at);
      return about ? run.clustering(at, about.id) : null;
    };
    await this.try(async () => {
      const found = await Promise.all(this.runs.map((run, i) => one(run, i === 0 ? cell : cell1)));
      if (wish !== this.clusterWish) return;
      this.clusterings = found;
      this.bump("clustered");
    });
  }

  /** Songs that stand out: selected, of the classes filtered for, and found by the search. */
  narrow() {
    const { selected, filters, query, onlyMoved } = this.store.state;
    const kept = [...filters.values()].map(({ classes, kept: some }) => ofClasses(classes.codes, some));
    this.found = query && this.run.songs ? matches(this.searchIndex(), query) : null;
    const others = [this.found, onlyMoved ? this.moves : null, ...kept];
    this.active[0] = together(this.run.n, [selected, ...others]);
    this.reach[0] = this.picking ? together(this.run.n, others).mask : this.active[0].mask;
    if (this.pairs) {
      const there = (mask) => linked(mask, this.pairs, this.runs[1].n, true);
      this.active[1] = { mask: there(this.active[0].mask), n: this.active[0].n };
      this.reach[1] = there(this.reach[0]);
    }
    this.recount();
    this.maps.forEach((map) => map.renarrow());
    this.bump("narrowed");
  }

  recount() {
    const [classes] = this.colourings;
    if (classes) this.counts = countsIn(classes.codes, classes.names.length, this.active[0].mask);
  }

  searchIndex() {
    const { title, artist, path, status } = this.run.songs;
    this.index ??= searchable([title, artist, path].filter(Boolean).concat(status ? [status] : []));
    return this.index;
  }

  /** Keep or release one class of the present colouring. */
  toggleClass(code) {
    const { filters, colour } = this.store.state;
    const [classes] = this.colourings;
    const some = new Set(filters.get(colour)?.kept);
    if (!some.delete(code)) some.add(code);
    const next = new Map(filters);
    if (some.size === 0 || some.size === classes.counts.filter(Boolean).length) next.delete(colour);
    else next.set(colour, { kept: some, classes });
    this.store.set({ filters: next });
    this.sayActive();
  }

  sayActive() {
    const { mask, n } = this.active[0];
    this.announce(mask === null ? `All ${plural(n, "song")} stand out.` : `${plural(n, "song")} of ${this.run.n} ${n === 1 ? "stands" : "stand"} out.`);
  }

  lasso(map, outline, how) {
    const began = performance.now();
    let drawn = map.lassoed(outline);
    if (map.index === 1) drawn = linked(drawn, this.pairs, this.run.n, false);
    this.picking = false;
    this.store.set({ selected: changed(this.store.state.selected, drawn, how) });
    this.times.lasso = performance.now() - began;
    this.sayActive();
  }

  select(mask, { picking = false } = {}) {
    this.picking = picking;
    this.store.set({ selected: mask && mask.includes(1) ? mask : null });
    this.sayActive();
  }

  /** Put one song into the selection, or take it out. */
  toggle(run, row) {
    const here = this.rowIn(0, { run, row });
    if (here < 0) return this.announce("That song is not in the first run.");
    const { selected } = this.store.state;
    const mask = selected?.slice() ?? new Uint8Array(this.run.n);
    mask[here] = 1 - mask[here];
    this.select(mask, { picking: selected === null || this.picking });
  }

  toggleFocus() {
    const { focus } = this.store.state;
    if (focus) this.toggle(focus.run, focus.row);
  }

  clear() {
    this.picking = false;
    this.store.set({ selected: null, filters: new Map(), query: "", onlyMoved: false });
    for (const map of this.maps) if (map.trail) [map.trail] = [null, map.touch()];
    this.sayActive();
  }

  /** Rows of run 0 that stand out, the ones in the map's order of rows. */
  activeRows() {
    return this.rows(this.active[0].mask);
  }

  /** Rows of run 0 that arrow keys and the table go through. */
  reachRows() {
    return this.rows(this.reach[0]);
  }

  rows(mask) {
    return mask === null ? Array.from({ length: this.run.n }, (_, row) => row) : rowsOf(mask);
  }

  /** The row of a song in a run, or -1; songs of two runs meet by track_id. */
  rowIn(index, song) {
    if (song === null) return -1;
    if (song.run === index) return song.row;
    return (index === 1 ? this.partners?.[song.row] : this.pairs?.[song.row]) ?? -1;
  }

  hover(song) {
    const { hover } = this.store.state;
    if (song?.row !== hover?.row || song?.run !== hover?.run) this.store.set({ hover: song });
  }

  /** Look at a song; with `play`, hear it; with `stay`, leave the panel open that is. */
  open(song, { play = false, stay = false } = {}) {
    const row = this.rowIn(0, song);
    const shown = row >= 0 ? { run: 0, row } : song;
    const before = this.rowIn(0, this.store.state.focus);
    if (before >= 0) this.looked = [before, ...this.looked.filter((one) => one !== before)].slice(0, 5);
    this.store.set({ focus: shown, ...(this.store.state.tab === "selection" && !stay ? { tab: "song" } : {}) });
    if (play) this.player.play(shown);
    const { songs } = this.runs[shown.run];
    if (songs) this.announce([songs.title[shown.row], songs.artist?.[shown.row]].filter(Boolean).join(", "));
  }

  /** The song of run 0 looked at before `row`, or -1. */
  lastFocus(row) {
    return this.looked.find((one) => one !== row) ?? -1;
  }

  soundUrl({ run, row }) {
    return this.runs[run].songs ? this.runs[run].soundUrl(row, run) : null;
  }

  /** Draw a star or a path between songs of run 0. */
  trail(kind, rows) {
    this.maps[0].trail = rows.length ? { kind, rows } : null;
    this.maps[0].touch();
  }

  moved() {
    this.maps.forEach((map) => map.redraw());
    this.bump("panned");
  }

  drawn(time, all) {
    if (!all) this.times.hover = time;
    else {
      this.times.first ??= performance.now();
      this.times.frame = time;
      this.times.worst = Math.max(this.times.worst, time);
    }
  }
}
