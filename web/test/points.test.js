import assert from "node:assert/strict";
import { test } from "node:test";
import { Grid, towards } from "../src/grid.js";
import { inside } from "../src/lasso.js";

function random(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function points(n, seed, scale, shift) {
  const next = random(seed);
  return [0, 1].map(() => Float32Array.from({ length: n }, () => next() * scale + shift));
}

function within(polygon, x, y) {
  let odd = false;
  polygon.forEach(([x1, y1], i) => {
    const [x2, y2] = polygon[(i + 1) % polygon.length];
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) odd = !odd;
  });
  return odd;
}

test("a lasso holds what the even-odd rule over all edges holds", () => {
  const [x, y] = points(3000, 5, 140, -20);
  for (let seed = 1; seed < 6; seed++) {
    const next = random(seed);
    const polygon = Array.from({ length: 12 }, () => [next() * 100, next() * 100]);
    const found = inside(polygon, x, y, 100);
    assert.ok(found.includes(1));
    for (let i = 0; i < x.length; i++) assert.equal(found[i] === 1, y[i] >= 0 && y[i] <= 101 && within(polygon, x[i], y[i]), `${x[i]} ${y[i]}`);
  }
});

test("a line and a song that is nowhere are in no lasso", () => {
  assert.deepEqual([...inside([[0, 0], [9, 9]], Float32Array.of(5), Float32Array.of(5), 10)], [0]);
  assert.deepEqual([...inside([[0, 0], [9, 0], [9, 9]], Float32Array.of(NaN, 8), Float32Array.of(1, 1), 10)], [0, 1]);
});

test("the grid finds the nearest point that a search over all finds", () => {
  const [x, y] = points(800, 11, 1, -0.5);
  x[7] = NaN;
  const grid = new Grid(x, y);
  assert.equal(grid.points.length, 799);
  const [qx, qy] = points(200, 12, 1.2, -0.6);
  for (let q = 0; q < 200; q++) {
    let [best, least] = [-1, 0.05 ** 2];
    for (let i = 0; i < 800; i++) {
      const distance = (x[i] - qx[q]) ** 2 + (y[i] - qy[q]) ** 2;
      if (distance <= least) [best, least] = [i, distance];
    }
    assert.equal(grid.nearest(qx[q], qy[q], 0.05), best);
  }
});

test("songs that stand out are found before nearer ones that do not", () => {
  const grid = new Grid(Float32Array.of(0, 0.02), Float32Array.of(0, 0));
  assert.equal(grid.nearest(0, 0, 0.05), 0);
  assert.equal(grid.nearest(0, 0, 0.05, Uint8Array.of(0, 1)), 1);
  assert.equal(grid.nearest(0.4, 0.4, 0.05), -1);
});

test("arrows go to the nearest song in that direction, and nowhere beyond the last", () => {
  const [x, y] = [Float32Array.of(0, 1, 2, 0.5, NaN), Float32Array.of(0, 0, 0, 1, 0)];
  assert.equal(towards(x, y, 0, [1, 0]), 1);
  assert.equal(towards(x, y, 0, [0, 1]), 3);
  assert.equal(towards(x, y, 2, [1, 0]), -1);
  assert.equal(towards(x, y, 0, [1, 0], Uint8Array.of(1, 0, 1, 1, 1)), 2);
});
