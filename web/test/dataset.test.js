import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { codes, encoded, numbers, Run, stem, texts } from "../src/dataset.js";

const packed = (array) => deflateSync(Buffer.from(array.buffer)).toString("base64");
export const num = (array, more = {}) => ({ type: `${array instanceof Float32Array ? "f" : array instanceof Int16Array ? "i" : "u"}${8 * array.BYTES_PER_ELEMENT}`, data: packed(array), ...more });
export const text = (values) => ({ type: "text", data: deflateSync(values.join("\u001f")).toString("base64") });

test("numbers come back scaled, missing ones as NaN", async () => {
  const column = num(Uint16Array.of(0, 100, 65535), { scale: 0.5, offset: -10, missing: 65535 });
  assert.deepEqual([...(await numbers(column))], [-10, 40, NaN]);
  assert.deepEqual([...(await numbers(num(Float32Array.of(1.5, NaN))))], [1.5, NaN]);
  assert.equal(await numbers(null), null);
});

test("codes are whole, missing ones -1, noise and absence as they are", async () => {
  assert.deepEqual([...(await codes(num(Uint8Array.of(0, 255, 3), { missing: 255 })))], [0, -1, 3]);
  assert.deepEqual([...(await codes(num(Int16Array.of(2, -1, -2))))], [2, -1, -2]);
});

test("texts of every script come back, empty ones too", async () => {
  const values = ["أغنية الليل", "", "আমার সোনার বাংলা", "चाँदनी", "</script><img src=x onerror=alert(1)>"];
  assert.deepEqual(await texts(text(values)), values);
});

test("what a page leaves out is told from the path", async () => {
  const path = ["ar/ليل.mp3", "a b/100%.flac"];
  const songs = { track_id: null, title: null, path: text(path), audio: null, audio_base: "../corpus/", start: num(Float32Array.of(3, NaN)) };
  const run = new Run({ name: "r", n: 2, cells: [], labels: [], descriptors: [], songs });
  await run.readSongs();
  assert.deepEqual(run.songs.track_id, path);
  assert.deepEqual(run.songs.title, ["ليل", "100%"]);
  assert.equal(run.soundUrl(0, 0), "../corpus/ar/%D9%84%D9%8A%D9%84.mp3");
  assert.equal(run.soundUrl(1, 0), null);
});

test("with a server, sound has an address of its own; a failed load may be tried again", async () => {
  let asked = 0;
  const load = async () => {
    if (asked++ === 0) throw new Error("no answer");
    return { maps: { umap: { x: num(Float32Array.of(1)), y: num(Float32Array.of(2)) } }, clusterings: {} };
  };
  const cells = [{ cell: "c", methods: ["umap"], columns: null, clusterings: [] }];
  const run = new Run({ name: "r", n: 1, cells, labels: [], descriptors: [], songs: { track_id: null, path: text(["a.wav"]), start: num(Float32Array.of(0)) } }, load);
  await assert.rejects(run.map(0, "umap"), /no answer/);
  assert.deepEqual([...(await run.map(0, "umap")).x], [1]);
  await run.readSongs();
  assert.equal(run.soundUrl(0, 1), "/audio/1/0");
});

test("stems keep inner dots; parts of a path are encoded one by one", () => {
  assert.equal(stem("x/a.b.mp3"), "a.b");
  assert.equal(stem(".hidden"), ".hidden");
  assert.equal(encoded("a b/#?.mp3"), "a%20b/%23%3F.mp3");
});
