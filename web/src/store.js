// One small observable state: `set` tells the listeners of the keys that changed, once a batch.

export class Store {
  constructor(state) {
    this.state = state;
    this.listeners = [];
    this.changed = new Set();
    this.depth = 0;
  }

  /** Call `hear(changed keys)` after any of `keys` changed. */
  on(keys, hear) {
    this.listeners.push({ keys, hear });
  }

  set(patch) {
    for (const [key, value] of Object.entries(patch)) {
      if (this.state[key] === value) continue;
      this.state[key] = value;
      this.changed.add(key);
    }
    if (this.depth === 0) this.tell();
  }

  tell() {
    this.depth++;
    try {
      for (let round = 0; this.changed.size > 0 && round < 20; round++) {
        const changed = this.changed;
        this.changed = new Set();
        for (const { keys, hear } of this.listeners) if (keys.some((key) => changed.has(key))) hear(changed);
      }
    } finally {
      this.depth--;
    }
  }
}
