// The API as its own description tells it; the usual pages for this fetch their program from elsewhere.
import { fill, h } from "./dom.js";
import { get } from "./server.js";

export class Api {
  constructor(root) {
    this.root = root;
    fill(root, h("h1", {}, "API"));
    this.load();
  }

  heard() {}

  async load() {
    try {
      const told = await get("/api/openapi.json");
      const paths = Object.entries(told.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => [method, path, one]));
      fill(this.root, h("div.headline", {}, h("h1", {}, "API"), h("a.button", { href: "/api/openapi.json" }, "openapi.json")),
        told.info.description.split("\n\n").map((words) => h("p.faint", {}, coded(words))), paths.map(entry));
    } catch (error) {
      fill(this.root, h("h1", {}, "API"), h("p.problem", {}, error.message));
    }
  }
}

/** What stands between backticks is code. */
function coded(words) {
  return words.split("`").map((part, number) => (number % 2 ? h("code", {}, part) : part));
}

function entry([method, path, one]) {
  const inputs = (one.parameters ?? []).map((input) => h("li", {}, h("code", {}, input.name), ` (${input.in}${input.required ? "" : ", optional"})`));
  const body = one.requestBody?.content?.["application/json"]?.schema?.$ref?.split("/").pop();
  return h("section.panel.operation", {}, h("h2", {}, h(`span.method.${method}`, {}, method.toUpperCase()), " ", h("code", {}, path)), h("p", {}, coded(one.description ?? "")),
    inputs.length ? h("ul", {}, inputs) : null, body ? h("p", {}, "Body: ", h("code", {}, body)) : null);
}
