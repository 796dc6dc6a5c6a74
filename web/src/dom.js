// Elements made of names and text only: what a song is called never becomes markup.

const SVG = "http://www.w3.org/2000/svg";
const REFUSED = new Set(["style", "innerHTML", "outerHTML", "srcdoc"]);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (REFUSED.has(name)) throw new Error(`an element may not be given ${name}; set text, attributes or a class`);
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const el = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) => filled(document.createElementNS(SVG, name), attributes, children);

/** Text of a song, in its own direction. */
export const own = (text, attributes = {}) => el("bdi", { dir: "auto", ...attributes }, text);

const ICONS = {
  play: "M4 2.5v11l9.5-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  next: "M3 3v10l7-5zM11 3h2v10h-2z",
  plus: "M7 2h2v5h5v2H9v5H7V9H2V7h5z",
  minus: "M2 7h12v2H2z",
  whole: "M2 2h5v2H4v3H2zM9 2h5v5h-2V4H9zM2 9h2v3h3v2H2zM12 9h2v5H9v-2h3z",
  close: "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8l4.6 4.6-1.4 1.4L8 9.4 3.4 14 2 12.6 6.6 8 2 3.4z",
  theme: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zm0 2v10A5 5 0 0 1 8 3z",
  lasso: "M8 2C4.500 2 1.500 3.900 1.500 6.400c0 1.600 1.200 3 3 3.700-.2.900-.1 1.900.6 2.700.7.800 1.800 1.200 3.200 1.200v-1.500c-1 0-1.700-.2-2-.6-.3-.3-.4-.8-.3-1.400.6.1 1.300.2 2 .2 3.500 0 6.500-1.900 6.500-4.300S11.500 2 8 2zm0 1.500c2.900 0 5 1.400 5 2.900s-2.100 2.800-5 2.800c-.5 0-1 0-1.500-.1C6.900 8.300 7.500 7.600 8.300 7L7.300 5.900C6.300 6.700 5.500 7.700 5 8.700 3.800 8.200 3 7.300 3 6.400c0-1.500 2.100-2.900 5-2.900z",
  hand: "M8 1.200 10.300 4H8.800v3.200H12V5.700L14.800 8 12 10.300V8.800H8.800V12h1.500L8 14.800 5.700 12h1.500V8.800H4v1.500L1.200 8 4 5.700v1.500h3.200V4H5.700z",
  sound: "M2 6h2.500L8 3v10l-3.500-3H2zM10 5.200c1.700.9 1.700 4.700 0 5.600zM11.500 3c3.300 1.800 3.300 8.200 0 10v-1.600c1.900-1.600 1.900-5.200 0-6.800z",
};

export const icon = (name) =>
  svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", focusable: "false" }, svg("path", { d: ICONS[name] }));

/** Replace what a node holds. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** Read and keep a small setting; a browser that forbids it simply forgets. */
export const kept = {
  get(key, otherwise) {
    try {
      return localStorage.getItem(`musaic ${key}`) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`musaic ${key}`, value);
    } catch {
      // A page opened from a file may have no storage; then the setting holds as long as the page is open.
    }
  },
};
