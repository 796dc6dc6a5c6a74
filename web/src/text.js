// Text made comparable for searching, in any script.

const UNDECOMPOSED = {
  ø: "o", đ: "d", ł: "l", æ: "ae", œ: "oe", ð: "d", þ: "th", ı: "i",
  "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u0629": "\u0647", "\u06c1": "\u0647", // yeh, kaf and heh, as other keyboards and hurried writers have them
  "\u0901": "\u0902", // candrabindu, for which anusvara is written, too
};
const LETTERS = new RegExp(`[${Object.keys(UNDECOMPOSED).join("")}]`, "g");

/** Lower case without accents, harakat, tatweel and nukta; vowel signs of Indic scripts stay, because they are letters. */
export function folded(text) {
  return text
    .toUpperCase()
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\p{Script=Inherited}\u0591-\u05c7\u0640\u093c\u09bc]+/gu, "")
    .replace(LETTERS, (letter) => UNDECOMPOSED[letter]);
}

/** One comparable string a song, made of its columns (arrays of strings, or null). */
export function searchable(columns) {
  const given = columns.filter((column) => column !== null);
  const joined = given[0].map((_, i) => given.map((column) => column[i]).join(" "));
  return folded(joined.join("\u001f")).split("\u001f");
}

/** Songs that contain every word of the query; null for an empty one. */
export function matches(index, query) {
  const words = folded(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const mask = new Uint8Array(index.length);
  for (let i = 0; i < index.length; i++) mask[i] = words.every((word) => index[i].includes(word)) ? 1 : 0;
  return mask;
}

const FORMATS = new Intl.NumberFormat("en", { useGrouping: true });

/** 12,345 */
export const count = (n) => FORMATS.format(n);

/** "1 song", "12 songs" */
export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** m:ss */
export function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–:––";
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A share as a percentage. */
export const percent = (share) => `${Math.round(100 * share)} %`;
