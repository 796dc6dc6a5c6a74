// What lies above the songs: names of clusters, rings around single songs, lines between songs, the lasso.

import { css } from "./palette.js";

const LONGEST = 30;

/** Songs placed afterwards that wear a ring; more of them would hide the map. */
export const MOST_RINGS = 2000;

/** Where the names of clusters stand: at the song nearest to the median of theirs, largest cluster first. */
export function namePlaces(colouring, x, y) {
  const { kind, names, codes, counts } = colouring.named ?? colouring;
  if (kind !== "cluster") return [];
  const members = names.map(() => []);
  for (let i = 0; i < codes.length; i++) if (codes[i] >= 0 && !Number.isNaN(x[i])) members[codes[i]].push(i);
  return names
    .map((name, code) => ({ name: name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name, code, n: counts[code] }))
    .filter(({ code }) => members[code].length > 0)
    .sort((a, b) => b.n - a.n)
    .map((one) => {
      const row = central(members[one.code], x, y);
      return { ...one, x: x[row], y: y[row] };
    });
}

function central(rows, x, y) {
  const [mx, my] = [median(rows, x), median(rows, y)];
  let [best, least] = [rows[0], Infinity];
  for (const row of rows) {
    const distance = (x[row] - mx) ** 2 + (y[row] - my) ** 2;
    if (distance < least) [best, least] = [row, distance];
  }
  return best;
}

function median(rows, values) {
  const sorted = Float32Array.from(rows, (row) => values[row]).sort();
  return sorted[sorted.length >> 1];
}

export function drawOverlay(map) {
  const { over, ratio, app, index } = map;
  const context = over.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, map.width, map.height);
  const { paper, ink, link } = app.colours;
  drawAssigned(map, context, css(ink));
  if (map.trail) drawTrail(map, context, css(paper), css(ink));
  if (!map.lasso) drawNames(map, context, css(paper), css(ink));
  const { focus, hover, playing } = app.store.state;
  const ring = (song, color, gap, width) => {
    const row = app.rowIn(index, song);
    if (row >= 0 && !Number.isNaN(map.x[row])) drawRing(context, map.at(row), map.radius + gap, color, css(paper), width);
  };
  if (focus) ring(focus, css(ink), 4, 2);
  if (playing) ring(playing, css(link), 7, 2.5);
  if (hover) ring(hover, css(ink), 2.5, 1.5);
  if (map.lasso) drawLasso(map.lasso, context, css(link));
}

function drawRing(context, [x, y], radius, color, paper, width) {
  for (const [style, line] of [[paper, width + 2], [color, width]]) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.strokeStyle = style;
    context.lineWidth = line;
    context.stroke();
  }
}

/** Songs that were placed afterwards wear a thin ring. */
function drawAssigned(map, context, ink) {
  const run = map.app.runs[map.index];
  if (run.firstAssigned >= run.n || run.n - run.firstAssigned > MOST_RINGS) return;
  context.strokeStyle = ink;
  context.lineWidth = 1;
  for (let row = run.firstAssigned; row < run.n; row++) {
    if (Number.isNaN(map.x[row])) continue;
    const [x, y] = map.at(row);
    context.beginPath();
    context.arc(x, y, map.radius + 2.5, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** A song path as one line, neighbours as a star around the first. */
function drawTrail(map, context, paper, ink) {
  const { rows, kind } = map.trail;
  const places = rows.filter((row) => !Number.isNaN(map.x[row])).map((row) => map.at(row));
  const [first, ...others] = places;
  context.lineJoin = "round";
  for (const [style, width] of [[paper, 4], [ink, 1.5]]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    for (const [i, place] of others.entries()) {
      context.moveTo(...(kind === "path" && i > 0 ? others[i - 1] : first));
      context.lineTo(...place);
    }
    context.stroke();
  }
  for (const place of places) drawRing(context, place, map.radius + 1.5, ink, paper, 1);
}

function drawNames(map, context, paper, ink) {
  const taken = [];
  context.font = `600 13px ${map.app.sans}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  const { counts } = map.app;
  for (const { name, code, x, y } of map.names) {
    if (map.index === 0 && counts && counts[code] === 0) continue;
    const px = map.width / 2 + (x - map.view.x) * map.scale;
    const py = map.height / 2 - (y - map.view.y) * map.scale;
    const half = context.measureText(name).width / 2 + 6;
    const box = [Math.max(half, Math.min(map.width - half, px)) - half, py - 11, 2 * half, 22];
    if (px < 0 || py < 0 || px > map.width || py > map.height) continue;
    if (taken.some(([l, t, w, h]) => box[0] < l + w && l < box[0] + box[2] && box[1] < t + h && t < box[1] + box[3])) continue;
    taken.push(box);
    context.strokeStyle = paper;
    context.lineWidth = 5;
    context.strokeText(name, box[0] + half, py);
    context.fillStyle = ink;
    context.fillText(name, box[0] + half, py);
  }
}

function drawLasso(corners, context, link) {
  context.beginPath();
  for (const [x, y] of corners) context.lineTo(x, y);
  context.closePath();
  context.globalAlpha = 0.12;
  context.fillStyle = link;
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.strokeStyle = link;
  context.lineWidth = 1.5;
  context.stroke();
}
