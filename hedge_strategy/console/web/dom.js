// The one way in which elements are made: text is only ever text, so nothing that comes over the wire becomes markup.

/** Makes an element: `h("td.number", {title: "…"}, "text", otherElement)`. */
export function h(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false)
    .map((one) => (one instanceof Node ? one : document.createTextNode(String(one)))));
  return element;
}

/** Puts children in place of an element's. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

export const clock = (ms) => (ms ? new Date(ms).toLocaleTimeString([], { hour12: false }) : "");
export const moment = (ms) => (ms ? new Date(ms).toLocaleString([], { hour12: false }) : "");
export const opposite = (side) => (side === "buy" ? "sell" : "buy");

/** Milliseconds as people say them. */
export function span(ms) {
  if (ms === null || ms === undefined || ms === "") return "–";
  const value = Number(ms);
  if (value < 1000) return `${Math.round(value)} ms`;
  if (value < 120000) return `${(value / 1000).toFixed(1)} s`;
  if (value < 7200000) return `${Math.round(value / 60000)} min`;
  return `${Math.round(value / 3600000)} h`;
}

/** Decimal text with its thousands apart; never computed with. */
export function amount(text) {
  if (text === null || text === undefined || text === "") return "–";
  const [whole, part] = String(text).split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return part === undefined ? spaced : `${spaced}.${part}`;
}

/** Money rounded for the eye; the exact text is the title. */
export function money(text) {
  if (text === null || text === undefined) return h("span.faint", {}, "–");
  const value = Number(text);
  const shown = value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).replace(/,/g, "\u202f");
  return h("span.number", { title: text }, shown);
}

export const isZero = (text) => Number(text) === 0;

/** A coloured word for a state. */
export function pill(state, title = "") {
  const kind = { quoting: "good", hedging: "good", hedged: "good", waiting: "calm", sharing: "calm", partial: "warn", standby: "calm",
    paused: "warn", checking: "warn", flattening: "warn", stopping: "warn", failed: "bad", missing: "bad", unreadable: "bad",
    critical: "bad", warning: "warn", info: "calm", firing: "bad", resolved: "good" }[state] ?? "calm";
  return h(`span.pill.${kind}`, { title }, state);
}
