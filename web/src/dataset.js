// The data of a page: columns as base64 of zlib, decoded when they are first needed.

export const FORMAT = 1;
const TYPES = { u8: Uint8Array, u16: Uint16Array, i16: Int16Array, i32: Int32Array, f32: Float32Array };
const BETWEEN = "\u001f";

async function inflated(base64) {
  const packed = Uint8Array.fromBase64 ? Uint8Array.fromBase64(base64) : fromBase64(base64);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function fromBase64(base64) {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  return packed;
}

/** Values of a numeric column: Float32Array, NaN where a value is missing; null for a column that is not there. */
export async function numbers(column) {
  if (!column) return null;
  const raw = new TYPES[column.type](await inflated(column.data));
  const { scale = 1, offset = 0, missing = null } = column;
  const values = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) values[i] = raw[i] === missing ? NaN : raw[i] * scale + offset;
  return values;
}

/** Values of a column of codes: Int32Array, -1 where a value is missing. */
export async function codes(column) {
  const values = await numbers(column);
  const found = new Int32Array(values.length);
  for (let i = 0; i < found.length; i++) found[i] = Number.isNaN(values[i]) ? -1 : values[i];
  return found;
}

/** Values of a text column; null for a column that is not there. */
export async function texts(column) {
  if (!column) return null;
  return new TextDecoder().decode(await inflated(column.data)).split(BETWEEN);
}

/** The file name of a path, without its ending. */
export function stem(path) {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}

/** A path as a URL: every part percent-encoded. */
export function encoded(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** One run of the dataset. `load(cell)` gives the columns of a cell that is not in the page. */
export class Run {
  constructor(raw, load = null) {
    this.raw = raw;
    this.n = raw.n;
    this.name = raw.name;
    this.cells = raw.cells;
    this.labels = raw.labels;
    this.descriptors = raw.descriptors;
    this.firstAssigned = raw.n - (raw.assigned?.n ?? 0);
    this.load = load;
    this.songs = null; // the text columns, once `readSongs` is through
    this.kept = new Map();
  }

  once(key, make) {
    if (!this.kept.has(key)) {
      const made = make();
      this.kept.set(key, made);
      made.catch(() => this.kept.delete(key)); // a failed load may be tried again
    }
    return this.kept.get(key);
  }

  /** Read the columns of songs: titles, artists, paths, where the sound is. */
  readSongs() {
    return this.once("songs", async () => {
      const { songs } = this.raw;
      const text = (name) => texts(songs[name]);
      const number = (name) => numbers(songs[name]);
      const [track_id, title, artist, path, audio, status] = await Promise.all(
        ["track_id", "title", "artist", "path", "audio", "status"].map(text),
      );
      const [start, length, duration, confidence] = await Promise.all(
        ["start", "length", "duration", "language_confidence"].map(number),
      );
      const paths = path ?? track_id;
      this.songs = {
        track_id: track_id ?? paths,
        path: paths,
        title: title ? title.map((value, i) => value || stem(paths[i])) : paths.map(stem),
        artist,
        audio,
        status,
        start,
        length,
        duration,
        language_confidence: confidence,
      };
      return this.songs;
    });
  }

  label(name) {
    return this.once(`label ${name}`, async () => {
      const label = this.labels.find((one) => one.name === name);
      return { ...label, codes: await codes(label.codes) };
    });
  }

  descriptor(name) {
    return this.once(`descriptor ${name}`, async () => {
      const descriptor = this.descriptors.find((one) => one.name === name);
      return { ...descriptor, values: await numbers(descriptor.values) };
    });
  }

  /** Whether a cell can be drawn here. */
  has(cell) {
    return this.cells[cell].methods.length > 0 && (this.cells[cell].columns !== null || this.load !== null);
  }

  columns(cell) {
    const one = this.cells[cell];
    return this.once(`cell ${cell}`, async () => one.columns ?? this.load(one.cell));
  }

  map(cell, method) {
    return this.once(`map ${cell} ${method}`, async () => {
      const { maps } = await this.columns(cell);
      const [x, y] = await Promise.all([numbers(maps[method].x), numbers(maps[method].y)]);
      return { x, y, by: maps[method].by ?? null };
    });
  }

  clustering(cell, id) {
    return this.once(`clustering ${cell} ${id}`, async () => {
      const found = (await this.columns(cell)).clusterings[id];
      const about = this.cells[cell].clusterings.find((one) => one.id === id);
      const [places, confidence] = await Promise.all([codes(found.codes), numbers(found.confidence)]);
      return { ...about, codes: places, confidence, cards: found.cards };
    });
  }

  /** Of a song placed afterwards, what the page holds of its nearest songs: {rows, distances}; null of any other. */
  async neighbours(cell, row) {
    return (await this.columns(cell)).neighbours?.[row - this.firstAssigned] ?? null;
  }

  /** The clustering to open a cell with: the best honest one, else the first; null where it has none. */
  bestClustering(cell) {
    const { clusterings } = this.cells[cell];
    return clusterings.find((one) => one.best) ?? clusterings[0] ?? null;
  }

  /** Where a song's sound is, or null. */
  soundUrl(row, index) {
    const { songs } = this;
    if (songs.audio) return songs.audio[row] || null;
    if (!songs.start || Number.isNaN(songs.start[row])) return null;
    if (this.raw.songs.audio_base != null) return this.raw.songs.audio_base + encoded(songs.path[row]);
    return this.load === null ? null : `/audio/${index}/${row}`;
  }
}
