import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, fileName, m3u8, pathOf } from "../src/playlist.js";

test("a playlist is extended M3U in UTF-8 whose lines no title breaks", () => {
  const songs = [
    { path: "../ar/ليل.mp3", seconds: 61.6, artist: "فرقة", title: "ليل\n#EXTINF:0,x" },
    { path: "#1.mp3", seconds: NaN, artist: null, title: "one" },
    { path: null, seconds: 3, artist: null, title: "cannot stand on a line" },
  ];
  assert.deepEqual(m3u8("mine\r\n", songs).split("\n"), [
    "#EXTM3U", "#PLAYLIST:mine", "#EXTINF:62,فرقة - ليل #EXTINF:0,x", "../ar/ليل.mp3", "#EXTINF:-1,one", "./#1.mp3", "",
  ]);
});

test("paths are decoded, unless no line can hold them", () => {
  assert.equal(pathOf("a%20b/%D9%84.mp3"), "a b/ل.mp3");
  assert.equal(pathOf("100%.mp3"), "100%.mp3");
  assert.equal(pathOf("a%0Ab.mp3"), null);
});

test("cells with commas, quotes and lines are quoted", () => {
  assert.equal(csv([["a", 'say "x", y'], [null, "1\n2"]]), 'a,"say ""x"", y"\n,"1\n2"\n');
});

test("no text is a formula to a spreadsheet, and numbers stay numbers", () => {
  assert.equal(csv([["=1+1", "+49", "@a", "-", "a=b"], [-1, -0.5, "'x", null, 0]]), "'=1+1,'+49,'@a,'-,a=b\n-1,-0.5,'x,,0\n");
});

test("a playlist's name becomes a file name that every system takes", () => {
  assert.equal(fileName("../..\\a:b?", "csv"), "a b.csv");
  assert.equal(fileName(" … أغاني / ١", "m3u8"), "… أغاني ١.m3u8");
  assert.equal(fileName("///", "csv"), "playlist.csv");
});
