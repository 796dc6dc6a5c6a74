// The explorer's server: asks, and says in words what went wrong.

export class Api {
  async ask(path, options = {}) {
    let answer;
    try {
      answer = await fetch(path, { credentials: "same-origin", ...options });
    } catch {
      throw new Error("The server does not answer; is `musaic explore` still running?");
    }
    if (answer.ok) return answer;
    throw new Error(await words(answer));
  }

  async json(path, options) {
    return (await this.ask(path, options)).json();
  }

  post(path, body) {
    return this.ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  page() {
    return this.json("/api/page");
  }

  cell(run, cell) {
    return this.json(`${at(run, cell)}`);
  }

  /** The second run's map laid upon the first's: cells, methods and clusterings of both ({cell0, cell1, …}). */
  align(what) {
    return this.json(`/api/align?${new URLSearchParams(what)}`);
  }

  neighbours(run, cell, row, k = 12) {
    return this.json(`${at(run, cell)}/neighbours?${new URLSearchParams({ row, k })}`);
  }

  path(run, cell, from, to, steps, perArtist) {
    return this.json(`${at(run, cell)}/path?${new URLSearchParams({ from, to, steps, per_artist: perArtist })}`);
  }

  latents(run, cell, row) {
    return this.json(`${at(run, cell)}/latents/${row}`);
  }

  interpolate(run, cell, from, to, steps) {
    return this.json(`${at(run, cell)}/interpolate?${new URLSearchParams({ from, to, steps })}`);
  }

  /** Sound of a point in latent space, with the labels of the song in `row`. */
  async decoded(run, cell, z, row) {
    return (await this.post(`${at(run, cell)}/decode`, { z, row })).blob();
  }

  async reconstruction(run, cell, row, what) {
    return (await this.ask(`${at(run, cell)}/reconstruction/${row}?${new URLSearchParams({ what })}`)).blob();
  }

  async playlist(run, body) {
    return (await this.post(`/api/${run}/playlist`, body)).text();
  }

  /** Why the server does not give a file's sound; null where it does, or does not answer. */
  async whyNot(url) {
    try {
      const answer = await fetch(url, { headers: { Range: "bytes=0-0" } });
      return answer.ok ? null : await words(answer);
    } catch {
      return null;
    }
  }
}

const at = (run, cell) => `/api/${run}/cells/${encodeURIComponent(cell)}`;

async function words(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `The server refused (${answer.status} ${answer.statusText}).`;
  }
}
