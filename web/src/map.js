// The map: all songs as markers on a canvas, and above it a second one for what moves with the pointer.

import { el, fill, icon } from "./dom.js";
import { Grid } from "./grid.js";
import { inside } from "./lasso.js";
import { drawOverlay, namePlaces } from "./overlay.js";
import { mixed, onPaper, restOn } from "./palette.js";
import { Picture, stampsOf } from "./splat.js";

const MOST_ZOOM = 200;
const FAINT = 64; // added to a song's class where it does not stand out

export class MapView {
  /** `view` ({x, y, zoom}) may be shared by two maps that move together. */
  constructor(app, index, view) {
    this.app = app;
    this.index = index;
    this.view = view;
    this.points = null;
    this.lasso = null; // corners of the outline being drawn, in CSS pixels
    this.trail = null; // {rows, kind}: neighbours or a song path
    this.dirty = { points: false, overlay: false };
    this.base = el("canvas", { class: "mz-points", "aria-hidden": "true" });
    this.over = el("canvas", {
      class: "mz-over",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "map of songs",
      "aria-label": `Map of ${app.runs[index].name}`,
      "aria-describedby": "mz-keys",
    });
    const button = (name, label, act) => el("button", { type: "button", class: "mz-icon", "aria-label": label, title: label, onclick: act }, icon(name));
    this.hoverCard = el("div", { class: "mz-hover", hidden: true });
    this.note = el("p", { class: "mz-note", hidden: true });
    this.element = el(
      "div",
      { class: "mz-stage" },
      this.base,
      this.over,
      el(
        "div",
        { class: "mz-zoom" },
        button("plus", "Zoom in", () => this.zoomBy(1.5)),
        button("minus", "Zoom out", () => this.zoomBy(1 / 1.5)),
        button("whole", "Show the whole map", () => this.whole()),
      ),
      this.note,
      this.hoverCard,
    );
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  /** Show other coordinates; `frame` (of another map) keeps its scale. */
  setMap({ x, y }, frame = null) {
    this.frame = frame ?? frameOf(x, y);
    const { cx, cy, range } = this.frame;
    this.x = x.map((value) => (value - cx) / range);
    this.y = y.map((value) => (value - cy) / range);
    this.order ??= shuffled(x.length);
    this.grid = new Grid(this.x, this.y, this.order);
    // In the order of drawing: by place, so that pixels are met in order too, within a place as shuffled.
    [this.px, this.py] = [this.x, this.y].map((values) => picked(values, this.grid.points));
    this.looks = null;
    this.trail = null;
    this.points = this.grid.points.length;
    this.names = null;
    this.redraw();
  }

  /** Colours or the paper changed. */
  restyle() {
    this.stamps = new Map();
    this.names = null;
    this.looks = null;
    this.redraw();
  }

  resize() {
    const { width, height } = this.element.getBoundingClientRect();
    if (width < 2 || height < 2) return;
    this.width = width;
    this.height = height;
    this.ratio = Math.min(window.devicePixelRatio || 1, 3);
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    this.picture = new Picture(this.base.width, this.base.height);
    this.stamps = new Map();
    this.redraw();
  }

  /** Other songs stand out. */
  renarrow() {
    this.looks = null;
    this.redraw();
  }

  redraw() {
    this.dirty.points = true;
    this.touch();
  }

  /** Draw what moves anew, the songs only where they changed, with the next frame. */
  touch() {
    this.dirty.overlay = true;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    if (!this.picture || this.points === null || !this.app.colourings[this.index]) return;
    const began = performance.now();
    if (this.dirty.points) this.drawPoints();
    this.names ??= namePlaces(this.app.colourings[this.index], this.x, this.y);
    drawOverlay(this);
    const all = this.dirty.points;
    this.dirty = { points: false, overlay: false };
    this.app.drawn(performance.now() - began, all);
  }

  /** CSS pixels a unit of the map takes. */
  get scale() {
    const { width, height } = this.frame;
    return Math.min((this.width - 48) / width, (this.height - 48) / height) * this.view.zoom;
  }

  /** Radius of a marker in CSS pixels: as large as the songs leave room for. */
  get radius() {
    const room = 0.22 * Math.sqrt((this.width * this.height) / Math.max(1, this.points));
    return Math.max(1.1, Math.min(5, room)) * Math.max(0.8, Math.min(2, this.view.zoom ** 0.4));
  }

  /** Where a song is, in CSS pixels from the corner of the map. */
  at(row) {
    return [this.width / 2 + (this.x[row] - this.view.x) * this.scale, this.height / 2 - (this.y[row] - this.view.y) * this.scale];
  }

  /** A stamp for every class and for none, then the same ones faint. */
  stampsFor(colouring, radius) {
    const size = Math.round(radius * 4) / 4;
    if (!this.stamps.has(size)) {
      const { paper, ink } = this.app.colours;
      const edge = size >= 2.5 ? paper : null;
      const classes = colouring.styles.map(({ color, marker }) => ({ fill: onPaper(color, paper, ink), marker }));
      classes.push({ fill: restOn(paper, ink), marker: "o" });
      const bright = classes.map(({ fill, marker }) => ({ fill, marker, edge, radius: size }));
      const faint = classes.map(({ fill, marker }) => ({ fill: mixed(fill, paper, 0.78), marker, edge, radius: size * 0.85 }));
      const made = stampsOf([...bright, ...faint], this.picture.width);
      const all = [];
      made.forEach((one, i) => (all[i < bright.length ? i : FAINT + i - bright.length] = one));
      this.stamps.set(size, all);
    }
    return this.stamps.get(size);
  }

  /** What each song looks like, in the order of drawing: its class, and whether it is faint. */
  lookOf({ codes, styles }, mask) {
    const none = styles.length;
    const { points } = this.grid;
    const looks = new Uint8Array(points.length);
    for (let p = 0; p < looks.length; p++) {
      const row = points[p];
      looks[p] = (codes[row] < 0 ? none : codes[row]) + (mask === null || mask[row] === 1 ? 0 : FAINT);
    }
    return looks;
  }

  drawPoints() {
    const { picture, ratio, view } = this;
    const colouring = this.app.colourings[this.index];
    const stamps = this.stampsFor(colouring, this.radius * ratio);
    this.looks ??= this.lookOf(colouring, this.app.active[this.index].mask);
    const scale = this.scale * ratio;
    const at = { scale, left: picture.width / 2 - view.x * scale, top: picture.height / 2 + view.y * scale };
    picture.clear(this.app.colours.paper);
    if (this.app.active[this.index].mask !== null) picture.scatter(stamps, this.looks, this.px, this.py, at, FAINT, 256);
    picture.scatter(stamps, this.looks, this.px, this.py, at, 0, FAINT);
    this.base.getContext("2d", { alpha: false }).putImageData(picture.image, 0, 0);
  }

  /** The song at a place on the screen, or -1. */
  pick(px, py) {
    if (this.points === null) return -1;
    const { scale, view } = this;
    const x = view.x + (px - this.width / 2) / scale;
    const y = view.y - (py - this.height / 2) / scale;
    return this.grid.nearest(x, y, Math.max(9, this.radius * 1.5) / scale, this.app.reach[this.index]);
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const before = this.scale;
    const { view } = this;
    view.zoom = Math.max(0.5, Math.min(MOST_ZOOM, view.zoom * factor));
    const gain = 1 / before - 1 / this.scale;
    view.x += (px - this.width / 2) * gain;
    view.y -= (py - this.height / 2) * gain;
    this.app.moved();
  }

  panBy(dx, dy) {
    this.view.x -= dx / this.scale;
    this.view.y += dy / this.scale;
    this.app.moved();
  }

  whole() {
    Object.assign(this.view, { x: 0, y: 0, zoom: 1 });
    this.app.moved();
  }

  /** Bring a song into sight. */
  reveal(row) {
    if (this.points === null || Number.isNaN(this.x[row])) return;
    const [px, py] = this.at(row);
    if (px > 20 && py > 20 && px < this.width - 20 && py < this.height - 20) return;
    [this.view.x, this.view.y] = [this.x[row], this.y[row]];
    this.app.moved();
  }

  /** The songs inside an outline of CSS pixels. */
  lassoed(outline) {
    const { scale, view } = this;
    const [left, top] = [this.width / 2 - view.x * scale, this.height / 2 + view.y * scale];
    const x = this.x.map((value) => left + value * scale);
    const y = this.y.map((value) => top - value * scale);
    return inside(outline, x, y, this.height);
  }

  /** Say something on the map, or with null no more. */
  say(text) {
    fill(this.note, text ?? "", el("button", { type: "button", class: "mz-icon", "aria-label": "Close", onclick: () => this.say(null) }, icon("close")));
    this.note.hidden = !text;
  }
}

function picked(values, rows) {
  const some = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) some[i] = values[rows[i]];
  return some;
}

/** Middle and extent of the coordinates; `range` is what becomes one unit. */
function frameOf(x, y) {
  const span = (values) => {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low <= high ? [low, high] : [0, 1];
  };
  const [[left, right], [bottom, top]] = [span(x), span(y)];
  const range = Math.max(right - left, top - bottom) || 1;
  return {
    cx: (left + right) / 2, cy: (bottom + top) / 2, range,
    width: (right - left) / range || 1, height: (top - bottom) / range || 1,
  };
}

/** The same order for the same number of songs: no class lies above the others by its place in the table. */
function shuffled(n) {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  let seed = 20240229;
  for (let i = n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = seed % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
