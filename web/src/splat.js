// Markers stamped straight into the pixels of a picture: 100,000 of them in milliseconds, without a graphics card.

import { corners } from "./palette.js";

/**
 * Markers drawn once, side by side, and read back as pixels.
 * `looks`: {marker, radius, fill, edge} each; an edge of null is none. An opacity is 0 to 128, so that mixing stays
 * within 31 bits.
 */
export function stampsOf(looks, width) {
  const reach = Math.max(...looks.map(({ radius }) => radius));
  const half = Math.ceil(reach * 1.2 + 1.5);
  const size = 2 * half + 1;
  const canvas = new OffscreenCanvas(size * looks.length, size);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  looks.forEach(({ marker, radius, fill, edge }, i) => {
    context.setTransform(1, 0, 0, 1, size * i + size / 2, size / 2);
    if (edge) draw(context, marker, radius + Math.max(0.75, Math.min(1.5, radius / 4)), edge);
    draw(context, marker, radius, fill);
  });
  const { data } = context.getImageData(0, 0, canvas.width, size);
  return looks.map((_, i) => pixelsOf(data, i, looks.length, half, width));
}

function draw(context, marker, radius, color) {
  context.beginPath();
  const points = corners(marker);
  if (points === null) context.arc(0, 0, radius, 0, 2 * Math.PI);
  else for (const [x, y] of points) context.lineTo(x * radius, y * radius);
  context.closePath();
  context.fillStyle = `rgb(${color})`;
  context.fill();
}

/** The pixels of one stamp that are not empty, as places from its middle. */
function pixelsOf(data, at, n, half, width) {
  const size = 2 * half + 1;
  const [dx, dy, colors, opacity] = [[], [], [], []];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = 4 * (y * size * n + at * size + x);
      const a = Math.round((data[from + 3] * 128) / 255);
      if (a < 4) continue;
      dx.push(x - half);
      dy.push(y - half);
      opacity.push(a);
      colors.push((255 << 24) | (data[from + 2] << 16) | (data[from + 1] << 8) | data[from]);
    }
  }
  return {
    half, dx: Int32Array.from(dx), dy: Int32Array.from(dy), colors: Int32Array.from(colors), opacity: Uint8Array.from(opacity),
    steps: Int32Array.from(dx, (x, i) => dy[i] * width + x),
  };
}

/** A picture of width × height pixels (Int32Array, 0xAABBGGRR), filled with paper. */
export class Picture {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Int32Array(this.image.data.buffer);
  }

  clear([r, g, b]) {
    this.pixels.fill((255 << 24) | (b << 16) | (g << 8) | r);
  }

  /** Stamp the points (x, y) · (scale, −scale) + (left, top) whose look lies from `low` up to, without, `high`. */
  scatter(stamps, looks, x, y, { scale, left, top }, low, high) {
    const { width, height, pixels } = this;
    for (let p = 0; p < looks.length; p++) {
      const look = looks[p];
      if (look < low || look >= high) continue;
      const px = Math.floor(left + x[p] * scale);
      const py = Math.floor(top - y[p] * scale);
      const stamp = stamps[look];
      const half = stamp.half;
      if (px < -half || py < -half || px >= width + half || py >= height + half) continue;
      const clipped = px < half || py < half || px >= width - half || py >= height - half;
      const { steps, colors, opacity, dx, dy } = stamp;
      const middle = py * width + px;
      for (let i = 0; i < steps.length; i++) {
        if (clipped && (px + dx[i] < 0 || px + dx[i] >= width || py + dy[i] < 0 || py + dy[i] >= height)) continue;
        const a = opacity[i];
        const to = middle + steps[i];
        const color = colors[i];
        if (a === 128) {
          pixels[to] = color;
          continue;
        }
        const under = pixels[to];
        const rb = ((color & 0xff00ff) * a + (under & 0xff00ff) * (128 - a)) >> 7;
        const g = ((color & 0xff00) * a + (under & 0xff00) * (128 - a)) >> 7;
        pixels[to] = (rb & 0xff00ff) | (g & 0xff00) | -16777216;
      }
    }
  }
}
