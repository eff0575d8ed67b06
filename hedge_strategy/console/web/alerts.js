// What the alerter says: what stands now, and what was said lately.
import { fill, h, moment, pill, span } from "./dom.js";

export class Alerts {
  constructor(root, known) {
    this.known = known;
    this.standing = h("section.panel");
    this.recent = h("section.panel");
    fill(root, h("div.headline", {}, h("h1", {}, "Alerts")), this.standing, this.recent);
    this.show();
  }

  heard(kind) {
    if (kind === "alerts" || kind === "status") this.show();
  }

  show() {
    const { standing, recent } = this.known.alerts;
    fill(this.standing, h("h2", {}, "Standing now"), standing.length
      ? h("ul.alerts", {}, standing.map((one) => h(`li.${one.severity}`, {}, pill(one.severity), h("div", {}, h("b", {}, one.market ? `${one.market}: ${one.name}` : one.name),
        h("p", {}, one.text), h("small.faint", {}, `since ${moment(one.since_ms)}, for ${span(Date.now() - one.since_ms)}${one.action ? `; action: ${one.action}` : ""}`)))))
      : h("p.faint", {}, "none"));
    fill(this.recent, h("h2", {}, "Lately"), recent.length
      ? h("div.scroll", {}, h("table", {}, h("thead", {}, h("tr", {}, ["when", "state", "severity", "market", "rule", "what", "told to"].map((name) => h("th", {}, name)))),
        h("tbody", {}, recent.map(({ notice, delivery }) => h("tr", {}, h("td", {}, moment(notice.at_ms)), h("td", {}, pill(notice.state)), h("td", {}, notice.severity),
          h("td", {}, notice.market), h("td", {}, notice.name), h("td.wide", {}, notice.text),
          h("td", {}, delivery.delivered.join(", "), delivery.failed.length ? h("span.bad", {}, ` not ${delivery.failed.join(", ")}`) : null))))))
      : h("p.faint", {}, "nothing was said yet; `hedge alerts` watches the rules"));
  }
}
