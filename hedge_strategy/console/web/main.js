// The frame: which page is shown, what is known so far, who one is, and the live connection.
import { clock, fill, h } from "./dom.js";
import { Alerts } from "./alerts.js";
import { Api } from "./api.js";
import { askLogin } from "./dialogs.js";
import { Charts } from "./charts.js";
import { isOn, play, setOn } from "./sound.js";
import { knowSession, Live, logOut, session } from "./server.js";
import { Market } from "./market.js";
import { Overview } from "./overview.js";
import { Settings } from "./settings.js";

const PAGES = [["#/", "Overview", "◫"], ["#/charts", "Charts", "∿"], ["#/alerts", "Alerts", "!"], ["#/settings", "Settings", "≡"]];
const PAIRS_KEPT = 200;
const OLD_MS = 15000;
const OLD_MS_A_MARKET = 120; // of many markets the console looks less often
const element = (id) => document.getElementById(id);

const known = {
  report: null, venue: "", alerts: { standing: [], recent: [] }, pairs: new Map(),
  take(rows) {
    for (const row of rows) {
      if (!this.pairs.has(row.market)) this.pairs.set(row.market, new Map());
      const rowsHere = this.pairs.get(row.market);
      const before = rowsHere.get(row.order_index);
      if (!before || before.number <= row.number) rowsHere.set(row.order_index, row);
      if (rowsHere.size > PAIRS_KEPT) rowsHere.delete([...rowsHere.values()].reduce((a, b) => (a.number < b.number ? a : b)).order_index);
    }
  },
};
let page;
let isLive = false;
let hasAlerts = false;
let isAsking = false;
let heardAt = 0;
let isOld = false;

const live = new Live(hear, (isUp) => {
  isLive = isUp;
  known.pairs.clear(); // a console that was started again counts anew
  showFrame();
});

function hear(kind, told) {
  if (kind === "status") {
    heardAt = Date.now();
    const wasOld = isOld;
    isOld = Boolean(told.problem);
    if (wasOld !== isOld) showFrame();
    known.report = told.report ?? known.report;
    known.venue = told.venue;
    banner(told.problem ? `What is shown is old: ${told.problem}` : "");
  } else if (kind === "alerts") {
    const before = new Set(known.alerts.standing.map((one) => `${one.since_ms}${one.market}${one.name}`));
    const fresh = told.standing.filter((one) => !before.has(`${one.since_ms}${one.market}${one.name}`));
    if (hasAlerts && fresh.length) play(fresh.some((one) => one.severity === "critical") ? "critical" : fresh[0].severity);
    hasAlerts = true;
    known.alerts = told;
    showFrame();
  } else if (kind === "pairs") known.take(told);
  page?.heard(kind, told);
}

function banner(words) {
  element("banner").textContent = words;
  element("banner").hidden = !words;
}

/** What no longer comes is said to be old: figures that stand still look like those of a quiet market. */
function watch() {
  const patience = OLD_MS + OLD_MS_A_MARKET * (known.report?.markets.length ?? 0);
  if (!known.report || session.role === "nobody" || (isLive && Date.now() - heardAt < patience)) return;
  banner(`What is shown is old: nothing was heard from the console since ${clock(heardAt)}`);
  if (!isOld) {
    isOld = true;
    showFrame();
  }
}

function showFrame() {
  const here = location.hash || "#/";
  const standing = known.alerts.standing.length;
  fill(element("nav"), PAGES.map(([where, name, sign]) => h("a", { href: where, "aria-current": here === where ? "page" : null },
    h("span.sign", { "aria-hidden": "true" }, sign), h("span", {}, name), name === "Alerts" && standing ? h("span.badge", {}, standing) : null)));
  const link = element("link");
  link.textContent = isLive && !isOld ? "live" : session.role === "nobody" ? "" : "connecting …";
  link.className = `link ${isLive && !isOld ? "up" : "down"}`;
  element("login").hidden = session.role === "master";
  element("logout").hidden = !session.csrf;
  element("sound").textContent = isOn() ? "🔔" : "🔕";
  element("sound").setAttribute("aria-pressed", String(isOn()));
  element("theme").textContent = isDark() ? "☀" : "☾";
  document.title = `${standing ? `(${standing}) ` : ""}hedge-strategy`;
}

function showPage() {
  page?.close?.();
  page = undefined;
  const [name, argument = ""] = (location.hash || "#/").slice(2).split("/");
  const symbol = decodeURIComponent(argument);
  live.show(name === "market" ? symbol : "");
  showFrame();
  const root = element("page");
  root.className = `page-${name || "overview"}`;
  if (session.role === "nobody") fill(root, h("p.faint.centred", {}, "log in to see anything"));
  else if (name === "market") page = new Market(root, known, symbol);
  else if (name === "charts") page = new Charts(root);
  else if (name === "alerts") page = new Alerts(root, known);
  else if (name === "settings") page = new Settings(root);
  else if (name === "api") page = new Api(root);
  else page = new Overview(root, known);
  scrollTo(0, 0);
}

async function enter(mustAsk) {
  if (isAsking) return;
  isAsking = true;
  try {
    await knowSession();
    if (mustAsk || session.role === "nobody") await askLogin();
    banner("");
  } catch (error) {
    banner(error.message);
  }
  isAsking = false;
  if (session.role !== "nobody") {
    live.close();
    live.socket = undefined;
    live.open();
  }
  showPage();
}

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

element("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
  dispatchEvent(new CustomEvent("themed"));
  showFrame();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { dispatchEvent(new CustomEvent("themed")); showFrame(); });
element("sound").addEventListener("click", () => { setOn(!isOn()); showFrame(); });
element("login").addEventListener("click", () => enter(true));
element("logout").addEventListener("click", async () => {
  live.close();
  await logOut().catch((error) => banner(error.message));
  known.report = null;
  enter(false);
});
addEventListener("logged-out", () => { if (session.role !== "nobody") { session.role = "nobody"; session.csrf = ""; enter(false); } });
addEventListener("hashchange", showPage);
setInterval(watch, 1000);
enter(false);
