// Which songs stand out: the selection, the classes filtered for, and what the search found; and how many of each class.

/** Songs that pass all of `masks` (Uint8Array or null each): {mask: null when nothing narrows, n}. */
export function together(n, masks) {
  const given = masks.filter((mask) => mask !== null);
  if (given.length === 0) return { mask: null, n };
  const mask = given[0].slice();
  for (const other of given.slice(1)) for (let i = 0; i < n; i++) mask[i] &= other[i];
  let count = 0;
  for (let i = 0; i < n; i++) count += mask[i];
  return { mask, n: count };
}

/** Songs whose class is one of `kept` (a Set of codes; -1 is "none"). */
export function ofClasses(codes, kept) {
  const mask = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i++) mask[i] = kept.has(codes[i]) ? 1 : 0;
  return mask;
}

/** How many songs of each class `mask` holds; the last entry is for those without a class. */
export function countsIn(codes, nClasses, mask) {
  const counts = new Array(nClasses + 1).fill(0);
  for (let i = 0; i < codes.length; i++) {
    if (mask === null || mask[i] === 1) counts[codes[i] < 0 ? nClasses : codes[i]]++;
  }
  return counts;
}

/** The rows that a mask holds. */
export function rowsOf(mask) {
  const rows = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) rows.push(i);
  return rows;
}

export function maskOf(n, rows) {
  const mask = new Uint8Array(n);
  for (const row of rows) mask[row] = 1;
  return mask;
}

/** The selection after a lasso: in place of the old one, added to it, or taken from it; null when nothing is left. */
export function changed(old, drawn, how) {
  const mask = drawn.slice();
  if (how !== "replace") {
    for (let i = 0; i < mask.length; i++) {
      const was = old === null ? 0 : old[i];
      mask[i] = how === "add" ? was | drawn[i] : was & (1 - drawn[i]);
    }
  }
  return mask.includes(1) ? mask : null;
}

/** One selection carried to another run: pairs[row there] = row here, -1 for none. */
export function linked(mask, pairs, n, there) {
  if (mask === null) return null;
  const to = new Uint8Array(n);
  for (let row = 0; row < pairs.length; row++) {
    if (pairs[row] < 0) continue;
    if (there) to[row] = mask[pairs[row]];
    else to[pairs[row]] = mask[row];
  }
  return to;
}
