// Starts the desk: who is it? The sign-in page, or the shell with the page that the address names.

import { session } from "./session.js";
import { Shell } from "./shell.js";
import { SignIn } from "./signin.js";
import { live } from "./live.js";
import { words } from "./words.js";
import { h } from "/static/widget/dom.js";

const root = document.getElementById("desk");
let shell = null;

session.on((person, how) => {
  if (person && how !== "ended") openDesk();
  else askWho(how);
});

live.on("refused", () => session.check());

await session.load();

function openDesk() {
  // Until the password is one's own, nothing live may be seen.
  if (!session.person.must_change_password) live.start();
  if (shell) {
    // The same person is back after the session had ended: what was on the screen is still there.
    root.querySelector(".signin")?.remove();
    shell.element.inert = false;
    shell.update();
    return;
  }
  shell = new Shell();
  root.replaceChildren(shell.element);
  shell.start();
}

/** `how`: "unreachable" (nobody could be asked), "ended" (it was somebody until now), or nothing. */
function askWho(how) {
  live.stop();
  if (how === "unreachable") {
    root.replaceChildren(unreachable());
    return;
  }
  if (how === "ended" && shell) {
    shell.element.inert = true;
    if (!root.querySelector(".signin")) root.append(new SignIn({ again: session.person.name }).element);
    return;
  }
  shell?.stop();
  shell = null;
  root.replaceChildren(new SignIn({}).element);
}

function unreachable() {
  return h(
    "main", { class: "signin" },
    h("div", { class: "signin-sheet" },
      h("h1", {}, words.unreachable),
      h("p", { class: "muted" }, words.unreachableHint),
      h("button", { class: "button primary", type: "button", onclick: () => location.reload() }, words.again)),
  );
}
