// Pointer, wheel and keys on a map: pan, pinch, zoom, lasso, hover, click; arrows walk from song to song.

import { towards } from "./grid.js";

const CLICK = 5; // CSS pixels a pointer may move and still click
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function listen(map) {
  const { over, app } = map;
  const down = new Map();
  let began = null; // where the first pointer went down, and what it does
  const place = (event) => {
    const box = over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  over.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    over.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    if (down.size === 1) {
      const lasso = app.store.state.tool === "lasso" || event.shiftKey;
      const how = event.ctrlKey || event.metaKey ? "add" : event.altKey ? "subtract" : "replace";
      began = { at: place(event), moved: false, lasso, how };
    } else {
      began = { ...began, moved: true, lasso: false };
      map.lasso = null;
    }
    app.hover(null);
  });

  over.addEventListener("pointermove", (event) => {
    const now = place(event);
    if (!down.has(event.pointerId)) {
      if (event.pointerType !== "touch") hoverAt(map, now);
      return;
    }
    const before = down.get(event.pointerId);
    if (down.size === 2) pinch(map, down, event.pointerId, before, now);
    down.set(event.pointerId, now);
    if (down.size !== 1) return;
    if (!began.moved && Math.hypot(now[0] - began.at[0], now[1] - began.at[1]) < CLICK) return;
    if (began.lasso) {
      map.lasso = [...(map.lasso ?? [began.at]), now];
      map.touch();
    } else {
      const from = began.moved ? before : began.at;
      map.panBy(now[0] - from[0], now[1] - from[1]);
    }
    began.moved = true;
  });

  const up = (event) => {
    if (!down.delete(event.pointerId) || down.size > 0) return;
    const { at, moved, how } = began;
    if (map.lasso) {
      const outline = map.lasso;
      map.lasso = null;
      if (event.type === "pointerup") app.lasso(map, outline, how);
      map.touch();
    } else if (!moved && event.type === "pointerup") {
      const row = map.pick(...at);
      if (row >= 0 && how === "add") app.toggle(map.index, row);
      else if (row >= 0) app.open({ run: map.index, row }, { play: true });
    }
  };
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  over.addEventListener("pointerleave", () => app.hover(null));

  over.addEventListener(
    "wheel",
    (event) => {
      // Inside a longer page the wheel scrolls, unless the map has been chosen.
      if (app.mode === "report" && !event.ctrlKey && !event.metaKey && document.activeElement !== over) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      map.zoomBy(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * lines)) * 0.002), ...place(event));
    },
    { passive: false },
  );

  over.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = ARROWS[event.key];
    if (direction) walk(map, direction);
    else if (event.key === "Enter") app.toggleFocus();
    else if (event.key === "+" || event.key === "=") map.zoomBy(1.3);
    else if (event.key === "-") map.zoomBy(1 / 1.3);
    else if (event.key === "0") map.whole();
    else return;
    event.preventDefault();
  });
}

function hoverAt(map, [px, py]) {
  map.pointer = [px, py];
  if (map.looking) return;
  map.looking = true;
  requestAnimationFrame(() => {
    map.looking = false;
    const row = map.pick(...map.pointer);
    map.over.classList.toggle("mz-onsong", row >= 0);
    map.app.hover(row >= 0 ? { run: map.index, row } : null);
  });
}

function pinch(map, down, id, before, now) {
  const [, other] = [...down].find(([key]) => key !== id);
  const [was, is] = [before, now].map((at) => Math.hypot(at[0] - other[0], at[1] - other[1]));
  map.panBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  if (was > 0 && is > 0) map.zoomBy(is / was, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
}

function walk(map, direction) {
  const { app } = map;
  if (map.points === null) return;
  const mask = app.reach[map.index];
  const from = app.rowIn(map.index, app.store.state.focus);
  const off = from < 0 || Number.isNaN(map.x[from]);
  const next = off ? middle(map, mask) : towards(map.x, map.y, from, direction, mask);
  if (next < 0) return app.announce("No song further that way.");
  app.open({ run: map.index, row: next }, { play: app.player.auditioning });
  map.reveal(next);
}

/** The song nearest to the middle of what is in sight. */
function middle(map, mask) {
  return map.grid.nearest(map.view.x, map.view.y, 2, mask);
}
