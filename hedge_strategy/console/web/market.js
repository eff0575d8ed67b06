// One market: its book, A's order, and each fill beside its hedge.
import { amount, clock, fill, h, isZero, money, opposite, pill, span } from "./dom.js";
import { commandButtons } from "./dialogs.js";
import { facts, orderText, positionText, short, unhedgedText } from "./overview.js";
import { get } from "./server.js";

const ROWS_SHOWN = 60;

export class Market {
  constructor(root, known, symbol) {
    this.known = known;
    this.symbol = symbol;
    this.book = { bids: [], asks: [], is_live: false };
    this.kept = [];
    this.states = h("span.states");
    this.problems = h("div");
    this.ladder = h("div.ladder");
    this.bookState = h("small.faint");
    this.detail = h("div");
    this.rows = h("tbody");
    fill(root,
      h("div.headline", {}, h("h1", {}, symbol), this.states, commandButtons(symbol)),
      this.problems,
      h("div.columns", {},
        h("section.panel", {}, h("h2", {}, "Book ", this.bookState), this.ladder),
        h("div.first", {},
          h("section.panel", {}, h("h2", {}, "Where it stands"), this.detail),
          h("section.panel", {}, h("h2", {}, "Fills and their hedges"),
            h("div.scroll", {}, h("table.fills", {},
              h("thead", {},
                h("tr", {}, h("th", { colspan: 4 }, "A was filled"), h("th", { colspan: 4 }, "B hedged"), h("th.right", { rowspan: 2 }, "took")),
                h("tr", {}, ...["time", "side", "size", "price", "time", "size", "price", "state"].map((name) => h(`th${["size", "price"].includes(name) ? ".right" : ""}`, {}, name)))),
              this.rows))))));
    this.show();
    this.load();
  }

  async load() {
    try {
      const told = await get(`/api/market?symbol=${encodeURIComponent(this.symbol)}`);
      this.kept = told.journal;
      this.book = told.book;
      this.known.take(told.pairs);
      this.show();
    } catch (error) {
      fill(this.problems, h("p.problem", {}, error.message));
    }
  }

  heard(kind, told) {
    if (kind === "book" && told.market === this.symbol) {
      this.book = told;
      this.showBook();
    } else if (kind === "status") {
      this.showDetail();
      this.showBook();
    } else if (kind === "pairs") this.showRows();
  }

  show() {
    this.showDetail();
    this.showBook();
    this.showRows();
  }

  get now() {
    return this.known.report?.markets.find((one) => one.market === this.symbol);
  }

  showDetail() {
    const one = this.now;
    if (!one) {
      fill(this.detail, h("p.faint", {}, "nothing is known of this market"));
      return;
    }
    fill(this.states, h("span", {}, "A ", pill(one.maker.state, one.maker.reason), " B ", pill(one.hedger.state, one.hedger.reason)));
    fill(this.problems, one.problems.map((problem) => h("p.problem", {}, problem)));
    const today = one.today;
    const lane = (said) => (said.lane === undefined ? "–" : h("span", {}, `key ${said.lane}, `, said.is_connected ? "socket up" : h("b.bad", {}, "socket down"),
      `, ${said.sends_left ?? "?"} sends and ${said.reads_left ?? "?"} reads left`));
    fill(this.detail, facts([
      ["A holds", positionText(one.positions.A)],
      ["B holds", positionText(one.positions.B)],
      ["Together", one.exposure === null ? h("b.warn", {}, "not known") : h(isZero(one.exposure) ? "span.number" : "b.warn", {}, amount(one.exposure))],
      ["A's order", orderText(one.maker.order)],
      ["Unhedged", unhedgedText(one)],
      ["Last fill to hedge", span(one.latency_ms)],
      ["A", lane(one.maker)],
      ["B", lane(one.hedger)],
      ["Lease", one.lease ? h("span", {}, short(one.lease.owner), `, fencing ${one.lease.fencing}, ${span(one.lease.remaining_ms)} left`) : h("b.bad", {}, "nobody owns the market")],
      one.standby.length ? ["Standing by", one.standby.map((who) => [short(who), " "])] : null,
      one.command ? ["Ordered", `${one.command.action} by ${one.command.sent_by || "the user"}${one.command.reason ? `: ${one.command.reason}` : ""}`] : null,
      today ? ["Today", h("span", {}, `${today.fills} fills, ${today.hedges} hedges, volume `, money(today.volume), ", fees ", money(today.fees), ", result ", money(today.result))]
        : ["Today", h("span.faint", {}, this.known.report.journal || "nothing yet")],
    ]));
  }

  showBook() {
    const { bids, asks, is_live } = this.book;
    this.bookState.textContent = bids.length || asks.length ? (is_live ? "live" : "not live") : "";
    if (!bids.length && !asks.length) {
      fill(this.ladder, h("p.faint", {}, this.known.venue || "no book yet"));
      return;
    }
    const own = this.now?.maker.order;
    const deepest = Math.max(...[...bids, ...asks].map(([, size]) => Number(size)));
    const bar = (size) => {
      const found = h("span.bar", { "aria-hidden": "true" });
      found.style.width = `${(100 * Number(size)) / deepest}%`;
      return found;
    };
    const row = (side) => ([price, size]) => h(`div.level.${side}`, {}, bar(size),
      h("span.number.price", {}, amount(price)), h("span.number", {}, amount(size)),
      own && own.price !== null && Number(own.price) === Number(price) ? h("span.own", { title: "A's order" }, "A") : h("span.own"));
    const [best, least] = [bids[0], asks[0]];
    const gap = best && least ? h("div.gap", {}, `spread ${amount((Number(least[0]) - Number(best[0])).toPrecision(4) * 1)}`) : h("div.gap", {}, "one side only");
    fill(this.ladder, asks.slice(0, 10).reverse().map(row("ask")), gap, bids.slice(0, 10).map(row("bid")));
  }

  showRows() {
    const live = this.known.pairs.get(this.symbol) ?? new Map();
    const rows = [...live.values()].sort((a, b) => b.filled_at_ms - a.filled_at_ms || b.number - a.number);
    const old = this.kept.filter((one) => !live.has(one.order_index));
    fill(this.rows, rows.slice(0, ROWS_SHOWN).map(liveRow), old.slice(0, Math.max(0, ROWS_SHOWN - rows.length)).map(keptRow),
      rows.length || old.length ? null : h("tr", {}, h("td.faint", { colspan: 9 }, "no fill was heard yet")));
  }
}

function liveRow(one) {
  return h("tr", { "data-order": one.order_index, title: `order ${one.order_index}${one.reason ? `: ${one.reason}` : ""}` },
    h("td", {}, clock(one.filled_at_ms)), h(`td.${one.side}`, {}, one.side), h("td.right.number", {}, amount(one.filled)), h("td.right.number", {}, amount(one.price)),
    h("td", {}, clock(one.hedged_at_ms)), h("td.right.number", {}, one.status ? amount(one.hedged) : ""), h("td.right.number", {}, amount(one.hedge_price)),
    h("td", {}, one.status ? pill(one.status, one.reason) : h("span.faint", {}, "awaited")), h("td.right.number", {}, one.took_ms === null ? "" : span(one.took_ms)));
}

function keptRow(one) {
  return h("tr.kept", { title: `order ${one.order_index}, from the journal` },
    h("td.faint", {}, ""), h(`td.${opposite(one.side)}`, {}, opposite(one.side)), h("td.right.number", {}, amount(one.size)), h("td.right.number", {}, amount(one.maker_price)),
    h("td", {}, clock(one.at_ms)), h("td.right.number", {}, amount(one.size)), h("td.right.number", {}, amount(one.price)),
    h("td.faint", {}, "journal"), h("td.right.number", {}, one.latency_ms ? span(one.latency_ms) : ""));
}
