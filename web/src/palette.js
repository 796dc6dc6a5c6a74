// Colours and markers of classes: the ones of the printed figures, raised to be seen on dark paper.

export const OKABE_ITO = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#D2C000"];
export const TOL_MUTED = [
  "#332288", "#CC6677", "#117733", "#C8B450", "#62B5DF", "#882255", "#44AA99", "#999933", "#AA4499",
];
export const MARKERS = ["o", "^", "s", "D", "v", "P", "X"];
export const REST = "#C9CCD1";
export const MOST_CLASSES = 45;

/** Steps of a measured value, low to high (cividis, its dark end lifted): told apart by all kinds of colour vision. */
export const SCALE = ["#0B3C6F", "#3D5271", "#61697A", "#828277", "#A79C6D", "#CFB95B", "#F5D94A"];

/** `n` styles that differ: by colour alone up to eight, then by colour and marker. */
export function styles(n) {
  const colors = n <= OKABE_ITO.length ? OKABE_ITO : TOL_MUTED;
  return Array.from({ length: n }, (_, i) => ({
    color: colors[i % colors.length],
    marker: MARKERS[Math.floor(i / colors.length) % MARKERS.length],
  }));
}

export function rgb(hex) {
  const value = parseInt(hex.slice(1, 7), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

export function mixed(a, b, share) {
  return a.map((value, i) => Math.round(value + (b[i] - value) * share));
}

function luminance(color) {
  const [r, g, b] = color.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG's contrast between two colours, 1 to 21. */
export function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((p, q) => p - q);
  return (high + 0.05) / (low + 0.05);
}

/** A class's colour on this paper: as it is on white, lightened on dark paper until it stands off. */
export function onPaper(hex, paper, ink, least = 3) {
  const color = rgb(hex);
  if (luminance(paper) > 0.4) return color;
  for (let share = 0; share < 1; share += 0.05) {
    const raised = mixed(color, ink, share);
    if (contrast(raised, paper) >= least) return raised;
  }
  return ink;
}

/** What has no class: a grey between paper and ink. */
export function restOn(paper, ink) {
  return luminance(paper) > 0.4 ? mixed(rgb(REST), ink, 0.1) : mixed(paper, ink, 0.38);
}

export function css([r, g, b]) {
  return `rgb(${r} ${g} ${b})`;
}

const TURN = Math.SQRT1_2;

/** Corners of a marker of radius 1, y downwards; null for a disc. */
export function corners(marker) {
  if (marker === "^") return [[0, -1.1], [1, 0.75], [-1, 0.75]];
  if (marker === "v") return [[0, 1.1], [1, -0.75], [-1, -0.75]];
  if (marker === "s") return [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]];
  if (marker === "D") return [[0, -1.15], [1.15, 0], [0, 1.15], [-1.15, 0]];
  if (marker === "P" || marker === "X") {
    const a = 0.36;
    const b = 1.08;
    const cross = [[-a, -b], [a, -b], [a, -a], [b, -a], [b, a], [a, a], [a, b], [-a, b], [-a, a], [-b, a], [-b, -a], [-a, -a]];
    return marker === "P" ? cross : cross.map(([x, y]) => [(x - y) * TURN, (x + y) * TURN]);
  }
  return null;
}
