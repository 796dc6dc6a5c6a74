// One audio element: plays a song from the stretch that was analysed, or a list of such stretches.

import { el, icon, kept, own } from "./dom.js";
import { clock } from "./text.js";

const FAULTS = {
  1: "Playing was stopped.",
  2: "The file could not be read; has it moved?",
  3: "The file is broken: its sound cannot be decoded.",
  4: "The file is not where it was, or this browser cannot play its format.",
};

export class Player {
  constructor(app) {
    this.app = app;
    this.queue = [];
    this.wanted = false; // sound is wanted, also while a song without any is passed
    this.stretchOnly = false;
    this.audio = el("audio", { preload: "none" });
    this.audio.volume = Math.min(1, Math.max(0, Number(kept.get("volume", "0.8")) || 0));
    this.build();
    for (const kind of ["playing", "pause", "ended"]) this.audio.addEventListener(kind, () => this.show());
    this.audio.addEventListener("loadedmetadata", () => this.seek());
    this.audio.addEventListener("timeupdate", () => this.tick());
    this.audio.addEventListener("ended", () => this.next());
    this.audio.addEventListener("error", () => this.fault());
    app.store.on(["playing", "read"], () => this.show());
  }

  /** Whether the next song looked at should sound as well. */
  get auditioning() {
    return this.wanted;
  }

  /** Play a song ({run, row}) from its analysed stretch; further ones follow. */
  play(song, queue = []) {
    const url = this.app.soundUrl(song);
    this.queue = queue;
    this.wanted = true;
    if (url === null) {
      this.audio.pause();
      this.app.store.set({ playing: null });
      return this.say("This song has no sound here.");
    }
    this.say("");
    this.song = song;
    this.from = this.app.runs[song.run].songs.start?.[song.row] || 0;
    this.length = this.app.runs[song.run].songs.length?.[song.row] || Infinity;
    this.audio.src = url;
    this.app.store.set({ playing: song });
    this.start();
  }

  /** Play several songs, each its analysed stretch. */
  playAll(songs) {
    const [first, ...others] = songs;
    if (first) this.play(first, others);
  }

  start() {
    this.audio.play().catch((error) => {
      if (error.name !== "AbortError" && !this.audio.error) this.say(`The browser did not start playing: ${error.message}`);
    });
  }

  seek() {
    if (this.from > 0 && this.from < this.audio.duration) this.audio.currentTime = this.from;
  }

  /** Play or pause what is there; with nothing there, the song looked at. */
  toggle() {
    const { focus, playing } = this.app.store.state;
    if (focus && (playing === null || focus.row !== playing.row || focus.run !== playing.run)) return this.play(focus);
    if (playing === null) return this.say("Choose a song first.");
    this.flip();
  }

  /** Pause what plays, or go on with it. */
  flip() {
    this.wanted = this.audio.paused;
    if (this.wanted) this.start();
    else this.audio.pause();
  }

  tick() {
    const { currentTime, duration } = this.audio;
    const past = currentTime >= this.from + this.length;
    if (past && this.queue.length > 0) return this.next();
    if (past && this.stretchOnly && !this.audio.paused) {
      this.audio.pause();
      this.audio.currentTime = this.from;
    }
    if (document.activeElement !== this.slider || this.audio.paused) this.slider.value = currentTime;
    this.slider.max = Number.isFinite(duration) ? duration : 0;
    this.time.textContent = `${clock(currentTime)} / ${clock(duration)}`;
    this.slider.setAttribute("aria-valuetext", `${clock(currentTime)} of ${clock(duration)}`);
  }

  next() {
    const [song, ...others] = this.queue;
    if (!song) return this.show();
    this.app.open(song, { stay: true });
    this.play(song, others);
  }

  fault() {
    if (!this.audio.error || !this.audio.src) return;
    this.say(FAULTS[this.audio.error.code] ?? "The file cannot be played.");
    this.reason();
    if (this.queue.length) this.next();
  }

  /** The explorer's server says why it refused a file. */
  async reason() {
    const { song } = this;
    const words = await this.app.api?.whyNot(this.audio.src);
    if (words && song === this.song) this.say(words);
  }

  say(text) {
    this.message.textContent = text;
    if (text) this.app.announce(text);
  }

  build() {
    this.button = el("button", { type: "button", class: "mz-play", onclick: () => this.toggle() }, icon("play"));
    this.skip = el("button", { type: "button", class: "mz-icon", "aria-label": "Next song", title: "Next song", onclick: () => this.next() }, icon("next"));
    this.title = el("p", { class: "mz-now" });
    this.message = el("p", { class: "mz-fault" });
    this.time = el("span", { class: "mz-time" });
    this.slider = el("input", { type: "range", class: "mz-seek", min: 0, max: 0, step: 0.1, value: 0, "aria-label": "Position in the song" });
    this.when = el("div", { class: "mz-when" }, this.slider, this.time);
    this.slider.addEventListener("input", () => (this.audio.currentTime = Number(this.slider.value)));
    const volume = el("input", { type: "range", class: "mz-volume", min: 0, max: 1, step: 0.02, value: this.audio.volume, "aria-label": "Volume" });
    volume.addEventListener("input", () => {
      this.audio.volume = Number(volume.value);
      kept.set("volume", volume.value);
    });
    const only = el("input", { type: "checkbox", id: "mz-only" });
    only.addEventListener("change", () => (this.stretchOnly = only.checked));
    this.element = el(
      "div",
      { class: "mz-player", role: "group", "aria-label": "Player" },
      this.button,
      this.skip,
      el("div", { class: "mz-what" }, this.title, this.message),
      this.when,
      el("label", { class: "mz-check", for: "mz-only", title: "Stop where the analysed stretch ends" }, only, "stretch only"),
      el("span", { class: "mz-loud" }, icon("sound"), volume),
      this.audio,
    );
    this.show();
  }

  show() {
    const { playing } = this.app.store.state;
    const going = playing !== null && !this.audio.paused && !this.audio.ended;
    this.button.replaceChildren(icon(going ? "pause" : "play"));
    this.button.setAttribute("aria-label", going ? "Pause" : "Play");
    this.skip.hidden = this.queue.length === 0;
    const songs = playing && this.app.runs[playing.run].songs;
    this.title.classList.toggle("mz-idle", !songs);
    this.when.hidden = !songs;
    if (!songs) return this.title.replaceChildren(el("span", { class: "mz-soft" }, "Click a song to hear it; space pauses, arrow keys walk on."));
    const artist = songs.artist?.[playing.row];
    this.title.replaceChildren(own(songs.title[playing.row]), ...(artist ? [" ", own(artist, { class: "mz-soft" })] : []));
  }
}
