// What was earned and what stood unhedged over time, out of the journal; without one, the exposure seen since the console began.
import { fill, h, moment } from "./dom.js";
import { get } from "./server.js";

const RANGES = [[1, "1 h"], [24, "24 h"], [168, "7 d"], [720, "30 d"]];
const KINDS = [
  ["equity", "Result", "quote units, open positions included", true],
  ["exposure", "Exposure", "A's and B's position together, base units", true],
  ["latency_ms", "Fill to hedge", "ms, by the venue's clock", false],
  ["slippage_bps", "Slippage", "of each hedge against A's price, 1/100 of a percent; positive cost money", false],
];
const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
const AGAIN_MS = 15000;
const LINES_MAX = 12;

/** A moment on the axis: its time within two days, else its day. */
/** As fine as the marks of the axis are apart. */
function timeText(seconds, apart) {
  const at = new Date(seconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  if (apart >= 86_400) return `${two(at.getDate())}.${two(at.getMonth() + 1)}.`;
  return `${two(at.getHours())}:${two(at.getMinutes())}${apart < 60 ? `:${two(at.getSeconds())}` : ""}`;
}

export class Charts {
  constructor(root) {
    this.hours = Number(localStorage.getItem("hours")) || 24;
    this.plots = [];
    this.body = h("div.charts");
    this.words = h("p.faint");
    this.marks = h("div");
    this.ranges = h("div.ranges", { role: "group", "aria-label": "Time" });
    fill(root, h("div.headline", {}, h("h1", {}, "Charts"), this.ranges), this.words, this.body, this.marks);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(this.body);
    this.timer = setInterval(() => this.load(), AGAIN_MS);
    this.themed = () => this.draw();
    addEventListener("themed", this.themed);
    this.load();
  }

  heard() {}

  close() {
    clearInterval(this.timer);
    this.watch.disconnect();
    removeEventListener("themed", this.themed);
    this.plots.forEach((plot) => plot.destroy());
  }

  async load() {
    fill(this.ranges, RANGES.map(([hours, name]) => h(`button${hours === this.hours ? ".chosen" : ""}`, { type: "button", "aria-pressed": String(hours === this.hours), onclick: () => {
      this.hours = hours;
      localStorage.setItem("hours", String(hours));
      this.load();
    } }, name)));
    try {
      this.history = await get(`/api/history?hours=${this.hours}`);
      this.draw();
    } catch (error) {
      this.words.textContent = error.message;
    }
  }

  draw() {
    if (!this.history) return;
    this.plots.forEach((plot) => plot.destroy());
    this.plots = [];
    this.words.textContent = this.history.problem ? `${this.history.problem}; shown is the exposure seen since the console began` : "";
    fill(this.body, KINDS.map(([kind, title, words, isLine]) => {
      const lines = this.history[kind].filter((line) => line.points.length).slice(0, LINES_MAX);
      if (!lines.length && this.history.source !== "journal") return null;
      const place = h("div.plot", { "data-chart": kind });
      if (!lines.length) place.append(h("p.faint", {}, "nothing in this time"));
      else queueMicrotask(() => this.plot(place, lines, isLine));
      return h("section.panel", {}, h("h2", {}, title), h("p.faint", {}, words), place);
    }));
    const marks = this.history.marks.slice(-20).reverse();
    fill(this.marks, marks.length ? h("section.panel", {}, h("h2", {}, "What happened"), h("ul.plain", {}, marks.map((one) =>
      h("li", {}, h("span.faint", {}, `${moment(one.at_ms)} `), `${one.market === "*" ? "all markets" : one.market}: ${one.what}${one.why ? ` (${one.why})` : ""}`)))) : null);
  }

  plot(place, lines, isLine) {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue("--faint").trim();
    const rule = style.getPropertyValue("--rule").trim();
    const tables = lines.map((line) => [line.points.map(([ms]) => ms / 1000), line.points.map(([, text]) => Number(text))]);
    const series = lines.map((line, number) => {
      const stroke = style.getPropertyValue(COLOURS[number % COLOURS.length]).trim();
      return { label: line.market, stroke, width: isLine ? 1.75 : 0, spanGaps: true,
        points: isLine ? { show: false } : { show: true, size: 5, stroke, fill: stroke },
        paths: isLine && place.dataset.chart === "exposure" ? uPlot.paths.stepped({ align: 1 }) : undefined };
    });
    const axis = { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { stroke: rule, width: 1 }, font: "12px system-ui" };
    const times = (_plot, splits) => splits.map((seconds) => timeText(seconds, splits.length > 1 ? splits[1] - splits[0] : 60));
    const values = (_plot, splits) => splits.map((value) => String(Number(value.toPrecision(6))));
    this.plots.push(new uPlot({ width: place.clientWidth || 320, height: 220, series: [{}, ...series],
      axes: [{ ...axis, values: times, space: 70 }, { ...axis, values, size: 75 }], legend: { live: false }, cursor: { y: false } }, uPlot.join(tables), place));
  }

  resize() {
    for (const plot of this.plots) {
      const width = plot.root.parentElement?.clientWidth ?? 0;
      if (width && Math.abs(width - plot.width) > 2) plot.setSize({ width, height: 220 });
    }
  }
}
