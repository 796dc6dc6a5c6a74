// A grid over the points of a map, so that the song under the pointer is found without looking at all of them.

export class Grid {
  /** x, y: Float32Array in a unit square around 0; NaN: not on the map. `order` is kept within each cell. */
  constructor(x, y, order = x.map((_, i) => i)) {
    this.x = x;
    this.y = y;
    this.side = Math.max(1, Math.min(512, Math.floor(Math.sqrt(x.length))));
    const { side } = this;
    const cell = new Int32Array(x.length);
    this.first = new Int32Array(side * side + 1);
    for (let i = 0; i < x.length; i++) {
      cell[i] = Number.isNaN(x[i]) ? -1 : this.at(y[i]) * side + this.at(x[i]);
      if (cell[i] >= 0) this.first[cell[i] + 1]++;
    }
    for (let c = 0; c < side * side; c++) this.first[c + 1] += this.first[c];
    const next = this.first.slice();
    this.points = new Int32Array(this.first[side * side]);
    for (const i of order) if (cell[i] >= 0) this.points[next[cell[i]]++] = i;
  }

  at(value) {
    return Math.max(0, Math.min(this.side - 1, Math.floor((value + 0.5) * this.side)));
  }

  /** The nearest point within `radius`, one of `mask` before any other; -1 for none. */
  nearest(x, y, radius, mask = null) {
    let [best, bestDistance, bestIn] = [-1, radius * radius, false];
    const [left, right] = [this.at(x - radius), this.at(x + radius)];
    const last = this.at(y + radius);
    for (let row = this.at(y - radius); row <= last; row++) {
      const end = this.first[row * this.side + right + 1];
      for (let p = this.first[row * this.side + left]; p < end; p++) {
        const i = this.points[p];
        const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
        const isIn = mask === null || mask[i] === 1;
        if (distance > radius * radius || (bestIn && !isIn)) continue;
        if (distance < bestDistance || best < 0 || (isIn && !bestIn)) [best, bestDistance, bestIn] = [i, distance, isIn];
      }
    }
    return best;
  }
}

/** The next point from `from` in a direction (unit vector), preferring straight ahead; -1 where there is none. */
export function towards(x, y, from, [dx, dy], mask = null) {
  let [best, bestCost] = [-1, Infinity];
  for (let i = 0; i < x.length; i++) {
    if (i === from || Number.isNaN(x[i]) || (mask !== null && mask[i] === 0)) continue;
    const [px, py] = [x[i] - x[from], y[i] - y[from]];
    const along = px * dx + py * dy;
    const aside = Math.abs(px * dy - py * dx);
    if (along <= 0 || aside > along) continue;
    const cost = along + 2 * aside;
    if (cost < bestCost) [best, bestCost] = [i, cost];
  }
  return best;
}
