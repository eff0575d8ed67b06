// The settings as they hold; secrets are masked before they leave the server.
import { fill, h } from "./dom.js";
import { get, session } from "./server.js";

export class Settings {
  constructor(root) {
    this.filter = h("input", { type: "search", placeholder: "filter", "aria-label": "Filter settings", oninput: () => this.show() });
    this.rows = h("tbody");
    this.lines = [];
    fill(root, h("div.headline", {}, h("h1", {}, "Settings"), this.filter),
      h("p.faint", {}, `Version ${session.version}. Read-only: change the file and start the process again. `, h("a", { href: "#/api" }, "API"), "."),
      h("section.panel", {}, h("div.scroll", {}, h("table.settings", {}, this.rows))));
    this.load();
  }

  heard() {}

  async load() {
    try {
      this.lines = await get("/api/settings");
      this.show();
    } catch (error) {
      fill(this.rows, h("tr", {}, h("td.problem", {}, error.message)));
    }
  }

  show() {
    const wanted = this.lines.filter((one) => one.path.toLowerCase().includes(this.filter.value.toLowerCase()));
    fill(this.rows, wanted.map((one) => h("tr", {}, h("th", { scope: "row" }, one.path), h("td", {}, one.value))));
  }
}
