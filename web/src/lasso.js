// Which points lie inside a drawn outline (even-odd rule): each point meets only the edges that cross its row.

/** Mark in a Uint8Array the points (x, y; pixels) inside the polygon; NaN is outside. */
export function inside(polygon, x, y, height) {
  const found = new Uint8Array(x.length);
  if (polygon.length < 3) return found;
  const rows = Array.from({ length: Math.ceil(height) + 1 }, () => []);
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  polygon.forEach(([x1, y1], i) => {
    const [x2, y2] = polygon[(i + 1) % polygon.length];
    [left, right] = [Math.min(left, x1), Math.max(right, x1)];
    [top, bottom] = [Math.min(top, y1), Math.max(bottom, y1)];
    if (y1 === y2) return;
    const edge = [y1, y2, x1, (x2 - x1) / (y2 - y1)];
    const last = Math.min(rows.length - 1, Math.floor(Math.max(y1, y2)));
    for (let row = Math.max(0, Math.floor(Math.min(y1, y2))); row <= last; row++) rows[row].push(edge);
  });
  for (let i = 0; i < x.length; i++) {
    const px = x[i];
    const py = y[i];
    if (!(px >= left && px <= right && py >= top && py <= bottom && py >= 0 && py < rows.length)) continue;
    const edges = rows[Math.floor(py)];
    let odd = 0;
    for (let e = 0; e < edges.length; e++) {
      const edge = edges[e];
      if (edge[0] > py !== edge[1] > py && px < edge[2] + (py - edge[0]) * edge[3]) odd ^= 1;
    }
    found[i] = odd;
  }
  return found;
}
