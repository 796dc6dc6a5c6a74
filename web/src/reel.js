// Short sounds that the server makes on demand: one plays at a time, each is asked for once and kept.

import { el, icon } from "./dom.js";

export class Reel {
  constructor(app) {
    this.app = app;
    this.audio = new Audio();
    this.message = el("p", { class: "mz-fault", role: "status" });
    this.now = null;
    this.wish = null; // of sounds asked for one after the other, the last is heard
    this.audio.addEventListener("ended", () => this.mark(null));
    this.audio.addEventListener("error", () => this.audio.src && this.say("That sound could not be played."));
    app.player.audio.addEventListener("play", () => this.stop());
  }

  /** A button that fetches a sound (`make`: a promise of a Blob) and plays it; pressed again, it stops. */
  button(name, words, make, main = false) {
    let kept = null;
    const fresh = main ? make : () => (kept ??= make().catch((error) => {
      kept = null;
      throw error;
    }));
    const button = el("button", { type: "button", title: words, class: main ? "mz-main" : null, "aria-pressed": "false" }, icon("play"), name);
    button.addEventListener("click", () => (this.now === button ? this.stop() : this.play(button, fresh)));
    return button;
  }

  async play(button, make) {
    this.stop();
    this.app.player.audio.pause();
    const wish = (this.wish = Symbol("sound"));
    this.mark(button);
    this.say("");
    button.setAttribute("aria-busy", "true");
    try {
      const sound = await make();
      if (wish !== this.wish) return;
      URL.revokeObjectURL(this.audio.src);
      this.audio.src = URL.createObjectURL(sound);
      this.audio.volume = this.app.player.audio.volume;
      await this.audio.play();
    } catch (error) {
      if (error.name !== "AbortError" && wish === this.wish) {
        this.say(error.message);
        this.mark(null);
      }
    } finally {
      if (wish === this.wish || this.now !== button) button.removeAttribute("aria-busy");
    }
  }

  stop() {
    this.wish = null;
    this.audio.pause();
    this.mark(null);
  }

  mark(button) {
    this.now?.setAttribute("aria-pressed", "false");
    this.now?.firstChild.replaceWith(icon("play"));
    this.now = button;
    button?.setAttribute("aria-pressed", "true");
    button?.firstChild.replaceWith(icon("pause"));
  }

  say(text) {
    this.message.textContent = text;
  }
}
