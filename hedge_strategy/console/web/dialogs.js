// Questions before anything is changed, and what became of it afterwards.
import { fill, h } from "./dom.js";
import { get, logIn, post, Refused, session } from "./server.js";

const WORDS = {
  pause: ["Pause", "A cancels its order and quotes nothing; B goes on hedging what A was filled."],
  resume: ["Resume", "A quotes again, and B hedges again where it had stopped."],
  flatten: ["Flatten", "A cancels, and both accounts' positions are closed at market prices. It stays paused afterwards."],
};
const LOOKS_MAX = 150;

/** Asks for the password; resolves once somebody is logged in, or the question is put away. */
export function askLogin() {
  return new Promise((done) => {
    const problem = h("p.problem", { role: "alert" });
    const password = h("input", { type: "password", name: "password", autocomplete: "current-password", required: true,
      maxlength: 256, "aria-label": "Password" });
    const form = h("form", { onsubmit: async (event) => {
      event.preventDefault();
      problem.textContent = "";
      try {
        await logIn(password.value);
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
        password.select();
      }
    } },
      h("h2", {}, "Log in"),
      session.can_log_in
        ? h("p.faint", {}, "The password, or the token for reading.")
        : h("p.faint", {}, "No password was set yet: `hedge console set-password` does, then start the console again. The token for reading lets one look."),
      password, problem,
      h("div.actions", {},
        session.public_read ? h("button", { type: "button", onclick: () => dialog.close() }, "Only look") : null,
        h("button.primary", { type: "submit" }, "Log in")));
    const dialog = h("dialog", { id: "login-dialog" }, form);
    if (!session.public_read) dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => { dialog.remove(); done(); });
    document.body.append(dialog);
    dialog.showModal();
    password.focus();
  });
}

/** Asks once more, gives the command, and shows who has obeyed. */
export function askCommand(action, market) {
  const [title, words] = WORDS[action];
  const where = market === "*" ? "all markets" : market;
  const needed = action === "flatten" ? (market === "*" ? "ALL" : market) : "";
  const problem = h("p.problem", { role: "alert" });
  const reason = h("input", { name: "reason", maxlength: 200, placeholder: "why (optional)", "aria-label": "Why" });
  const confirm = needed ? h("input", { name: "confirm", autocomplete: "off", "aria-label": `Type ${needed}`, placeholder: needed,
    oninput: () => { go.disabled = confirm.value !== needed; } }) : null;
  const go = h(`button.${action === "flatten" ? "danger" : "primary"}`, { type: "submit", disabled: Boolean(needed) }, title);
  const form = h("form", { onsubmit: async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const given = await post("/api/commands", { action, market, reason: reason.value, confirm: needed ? market : "" });
      dialog.close();
      follow(given, `${title} ${where}`, market);
    } catch (error) {
      problem.textContent = error.message;
      go.disabled = false;
    }
  } },
    h("h2", {}, `${title} ${where}?`), h("p", {}, words), reason,
    needed ? h("label", {}, "To go on, type ", h("b", {}, needed), confirm) : null, problem,
    h("div.actions", {}, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), go));
  const dialog = h("dialog", { id: "command-dialog" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Pause, resume and flatten, where one may. */
export function commandButtons(market) {
  if (session.role !== "master") return null;
  const button = (action) => h(`button${action === "flatten" ? ".danger" : ""}`,
    { type: "button", "data-action": action, onclick: () => askCommand(action, market) },
    WORDS[action][0] + (market === "*" ? " all" : ""));
  return h("div.commands", {}, button("pause"), button("resume"), button("flatten"));
}

async function follow(given, title, market) {
  const lines = h("ul.plain");
  const state = h("span.faint", {}, "waiting for answers …");
  const toast = h("div.toast", {}, h("b", {}, title), state, lines,
    h("button.quiet", { type: "button", title: "Close", onclick: () => toast.remove() }, "✕"));
  document.getElementById("toasts").append(toast);
  for (let look = 0; look < LOOKS_MAX && toast.isConnected; look += 1) {
    fill(lines, given.processes.map((one) => h(`li.${one.is_done ? "done" : "open"}`, {},
      `${one.market} ${one.role}: ${one.outcome}`)));
    if (given.is_obeyed && look > 3) {
      if (given.missing.length) {
        state.textContent = `${given.processes.length ? "done by those who are alive, " : ""}NOT done by the ${given.missing.join(" and the ")}, not alive: `
          + "what it holds and rests stays; whoever starts will obey, and `hedge flatten` on a terminal stands in for it";
        state.className = "bad";
        return;
      }
      state.textContent = "done";
      toast.classList.add("done");
      setTimeout(() => toast.remove(), 15000);
      return;
    }
    await new Promise((next) => setTimeout(next, 400));
    try {
      given = await get(`/api/commands/${encodeURIComponent(given.command_id)}?market=${encodeURIComponent(market)}`);
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 401) return;
    }
  }
  state.textContent = "not done everywhere; `hedge flatten` on a terminal also stands in for who is missing";
}
