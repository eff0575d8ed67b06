// The way to the console's server: who one is here, what is asked, what is told, and what comes by itself.

export const session = { role: "nobody", csrf: "", can_log_in: true, public_read: false, version: "" };

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function call(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json", "X-CSRF-Token": session.csrf };
  let answer;
  try {
    answer = await fetch(path, { method, headers, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, "the console does not answer");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const words = typeof told.detail === "string" ? told.detail : `refused (${answer.status})`;
    if (answer.status === 401 && path !== "/api/login") dispatchEvent(new CustomEvent("logged-out"));
    throw new Refused(answer.status, words);
  }
  return told;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);

export async function knowSession() {
  Object.assign(session, await get("/api/session"));
}

export async function logIn(password) {
  Object.assign(session, await post("/api/login", { password }));
}

export async function logOut() {
  Object.assign(session, await post("/api/logout", {}));
}

/** The live connection: made anew when it ends, at most every few seconds. */
export class Live {
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    this.market = "";
    this.wanted = false;
    this.pause = 500;
  }

  open() {
    this.wanted = true;
    if (this.socket) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.socket = new WebSocket(`${scheme}://${location.host}/api/live`));
    socket.onopen = () => {
      this.pause = 500;
      this.changed(true);
      this.wish();
    };
    socket.onmessage = (event) => {
      const { kind, told } = JSON.parse(event.data);
      this.heard(kind, told);
    };
    socket.onclose = (event) => {
      this.socket = undefined;
      this.changed(false);
      if (event.code === 4401) {
        this.wanted = false;
        dispatchEvent(new CustomEvent("logged-out"));
      }
      if (this.wanted) setTimeout(() => this.wanted && this.open(), this.pause);
      this.pause = Math.min(this.pause * 2, 5000);
    };
  }

  close() {
    this.wanted = false;
    this.socket?.close();
  }

  show(market) {
    this.market = market;
    this.wish();
  }

  wish() {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ market: this.market }));
  }
}
