// Sound of the page itself: songs that are named in its text, steps of sweeps; one sound at a time, on the whole page.
(() => {
  "use strict";
  const audio = new Audio();
  audio.preload = "none";
  try {
    audio.volume = Math.min(1, Math.max(0, Number(localStorage.getItem("musaic volume") ?? 0.8))); // as the map's player has it
  } catch {
    // Without storage it is as loud as it is.
  }
  let current = null; // the link that sounds

  const mark = () => {
    for (const link of document.querySelectorAll("a.play.on")) link.classList.remove("on");
    if (current && !audio.paused) current.classList.add("on");
  };
  for (const kind of ["play", "pause", "ended"]) audio.addEventListener(kind, mark);
  audio.addEventListener("error", () => {
    if (!current) return;
    current.classList.add("broken");
    current.title = "This sound is not where it was, or this browser cannot play its format: " + current.title;
    current = null;
    mark();
  });

  const play = (link) => {
    if (link === current && !audio.paused) return audio.pause();
    if (link !== current) audio.src = link.dataset.clip || link.href;
    current = link;
    audio.play().catch(() => {}); // what is wrong is told by the error event
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.play");
    if (link) {
      event.preventDefault();
      play(link);
    }
  });

  // Whatever begins to play, the rest falls silent: media events do not bubble, but can be caught on their way down.
  document.addEventListener("play", (event) => {
    if (event.target !== audio) audio.pause();
    for (const other of document.querySelectorAll("audio")) if (other !== event.target) other.pause();
  }, true);
  audio.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) other.pause();
  });

  for (const sweep of document.querySelectorAll(".sweep")) {
    const sound = sweep.querySelector("audio");
    const steps = [...sweep.querySelectorAll(".steps button")];
    let stop = Infinity;
    if (!sound) continue;
    sweep.querySelector(".steps").hidden = false;
    for (const step of steps) {
      step.addEventListener("click", () => {
        stop = Number(step.dataset.to);
        sound.currentTime = Number(step.dataset.from);
        sound.play().catch(() => {});
      });
    }
    const show = () => {
      const now = sound.currentTime;
      if (now >= stop) {
        stop = Infinity;
        sound.pause();
      }
      for (const step of steps) {
        const sounding = !sound.paused && now >= Number(step.dataset.from) && now < Number(step.dataset.to);
        step.classList.toggle("on", sounding);
      }
    };
    for (const kind of ["timeupdate", "pause", "play"]) sound.addEventListener(kind, show);
    // Moved by hand, it plays on to the end.
    sound.addEventListener("seeking", () => {
      if (!steps.some((step) => Math.abs(Number(step.dataset.from) - sound.currentTime) < 0.02)) stop = Infinity;
    });
  }
})();
