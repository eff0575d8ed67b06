// All markets at a glance.
import { amount, fill, h, isZero, money, pill, span } from "./dom.js";
import { commandButtons } from "./dialogs.js";

export class Overview {
  constructor(root, known) {
    this.known = known;
    this.cards = new Map();
    this.filter = h("input", { type: "search", placeholder: "filter markets", "aria-label": "Filter markets", oninput: () => this.show() });
    this.summary = h("section.tiles", { "aria-label": "Summary" });
    this.markets = h("section.cards", { "aria-label": "Markets" });
    this.below = h("section");
    fill(root, h("div.headline", {}, h("h1", {}, "Overview"), this.filter, commandButtons("*")), this.summary, this.markets, this.below);
    this.show();
  }

  heard(kind) {
    if (kind === "status" || kind === "alerts") this.show();
  }

  show() {
    const report = this.known.report;
    if (!report) {
      fill(this.summary, h("p.faint", {}, "nothing is known yet …"));
      return;
    }
    const wanted = report.markets.filter((one) => one.market.toLowerCase().includes(this.filter.value.toLowerCase()));
    this.filter.hidden = report.markets.length < 7;
    fill(this.summary, tiles(report, this.known.alerts));
    fill(this.markets, wanted.map(card), report.markets.length ? null : h("p.faint", {}, "no process is alive and no A has ever run on this Redis"));
    fill(this.below, hedgers(report), notes(report));
  }
}

function tile(name, value, kind = "", title = "") {
  return h(`div.tile${kind ? `.${kind}` : ""}`, { title }, h("span.name", {}, name), h("span.value", {}, value));
}

function tiles(report, alerts) {
  const markets = report.markets;
  const unwell = markets.filter((one) => !one.ok).length;
  const exposed = markets.filter((one) => one.exposure !== null && !isZero(one.exposure)).length;
  const unknown = markets.filter((one) => one.exposure === null).length;
  const sum = (name) => markets.reduce((total, one) => total + Number(one.today?.[name] ?? 0), 0).toFixed(2);
  const standing = alerts.standing.length;
  const found = [
    tile("Markets", unwell ? `${markets.length - unwell} of ${markets.length} at work` : `${markets.length} at work`, unwell ? "bad" : "good"),
    tile("Not hedged now", [exposed ? `${exposed} of ${markets.length}` : unknown ? "" : "none", unknown ? `${unknown} not known` : ""].filter(Boolean).join(", "),
      exposed || unknown ? "warn" : "", "markets in which A's and B's positions do not cancel out"),
    tile("Alerts", standing ? String(standing) : "none", standing ? "bad" : ""),
    tile("Redis answers in", `${report.redis_ms.toFixed(1)} ms`, report.redis_ms > 5 ? "warn" : ""),
  ];
  if (markets.some((one) => one.today)) {
    found.push(tile("Volume today", money(sum("volume"))), tile("Fees today", money(sum("fees"))),
      tile("Result today", money(sum("result")), Number(sum("result")) < 0 ? "loss" : "gain"));
  } else if (report.journal) {
    found.push(tile("Earned today", "no journal", "", report.journal));
  }
  return found;
}

export function positionText(held) {
  if (!held) return h("span.faint", { title: "nobody knows" }, "?");
  const how = held.told_by === "venue" ? "as the venue says" : `as ${held.told_by} says`;
  return h("span.number", { title: `${how}, ${span(held.age_ms)} old` }, amount(held.size), held.age_ms > 5000 ? h("small.faint", {}, ` ${span(held.age_ms)} ago`) : null);
}

/** What the ledger lacks, whoever still lives to say so: lots where no B says how large they are. Where it lacks nothing, A
 *  may not have heard of the hedge yet. */
export function unhedgedText(one) {
  const isWaiting = one.unhedged_for_ms !== null;
  if (one.unhedged_lots === 0) return isWaiting ? h("span.warn", {}, `a hedge is awaited for ${span(one.unhedged_for_ms)}`) : h("span.faint", {}, "nothing");
  const size = one.unhedged === null || isZero(one.unhedged) ? `${amount(one.unhedged_lots)} lots` : amount(one.unhedged);
  return h("b.warn", {}, isWaiting ? `${size} for ${span(one.unhedged_for_ms)}` : size);
}

export function orderText(order) {
  if (!order) return h("span.faint", {}, "none");
  if (!order.side) return order.phase;
  return h("span", {}, h(`b.${order.side}`, {}, order.side), " ", h("span.number", {}, `${amount(order.size)} @ ${amount(order.price)}`),
    order.phase === "resting" ? null : h("small.faint", {}, ` ${order.phase}`));
}

export function facts(pairs) {
  return h("dl.facts", {}, pairs.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function card(one) {
  const today = one.today;
  return h(`article.card${one.ok ? "" : ".unwell"}`, { "data-market": one.market },
    h("header", {}, h("h2", {}, h("a", { href: `#/market/${encodeURIComponent(one.market)}` }, one.market)),
      h("span.states", {}, "A ", pill(one.maker.state, one.maker.reason), " B ", pill(one.hedger.state, one.hedger.reason))),
    h("div.positions", {},
      h("div", {}, h("span.name", {}, "A holds"), positionText(one.positions.A)),
      h("div", {}, h("span.name", {}, "B holds"), positionText(one.positions.B)),
      h(`div${one.exposure === null || isZero(one.exposure) ? "" : ".warn"}`, {}, h("span.name", {}, "together"), h("span.number", {}, amount(one.exposure)))),
    facts([
      ["A's order", orderText(one.maker.order)],
      ["Unhedged", unhedgedText(one)],
      ["Fill to hedge", one.latency_ms === null ? h("span.faint", {}, "–") : span(one.latency_ms)],
      ["Owner", one.lease ? h("span", {}, short(one.lease.owner), h("small.faint", {}, ` lane ${one.lease.lane}, ${span(one.lease.remaining_ms)} left`)) : h("span.bad", {}, "nobody")],
      today ? ["Today", h("span", {}, money(today.volume), h("small.faint", {}, " volume, "), money(today.result), h("small.faint", {}, " result"))] : null,
    ]),
    one.command ? h("p.note", {}, `${one.command.action} by ${one.command.sent_by || "the user"}${one.command.reason ? `: ${one.command.reason}` : ""}`) : null,
    one.problems.map((problem) => h("p.problem", {}, problem)));
}

function hedgers(report) {
  if (!report.hedgers.length) return null;
  return h("div.panel", {}, h("h2", {}, "Hedgers that share markets"), h("ul.plain", {}, report.hedgers.map((one) =>
    h("li", {}, h("b", {}, short(one.name)), ` owns ${one.owns.length}${one.max_markets === null ? "" : ` of at most ${one.max_markets}`}: ${one.owns.join(", ") || "none"}${one.stays ? "" : " (about to end)"}`))));
}

function notes(report) {
  if (!report.warnings.length) return null;
  return h("div.panel", {}, h("h2", {}, "Warnings"), h("ul.plain", {}, report.warnings.map((one) => h("li.warn", {}, one))));
}

/** The names of runs are long; their end tells them apart. The whole is the title. */
export function short(name) {
  return h("span", { title: name }, name.length <= 18 ? name : `${name.split("-")[0].slice(0, 10)} …${name.slice(-7)}`);
}
