// My account: the own password, the second factor, and where one is signed in.

import { h } from "/static/widget/dom.js";
import { api } from "../api.js";
import { ago, exactly, when } from "../format.js";
import { toast } from "../notices.js";
import { trouble } from "../parts/empty.js";
import { field } from "../parts/field.js";
import { icon } from "../parts/icon.js";
import { skeleton } from "../parts/skeleton.js";
import { go } from "../router.js";
import { session } from "../session.js";
import { ROLES, skillName, teamName } from "../words.js";
import { SecondFactor } from "./account/second_factor.js";

const SHORTEST_PASSWORD = 10;

export default class Account extends HTMLElement {
  #devices = h("div", { class: "devices" });

  connectedCallback() {
    this.#draw();
  }

  #draw() {
    const { name, role, team, skills, must_change_password: fresh } = session.person;
    const work = role === "admin" ? "" : ` · ${teamName(team)} · ${skills.map(skillName).join("、") || "技能不限"}`;
    this.replaceChildren(
      h("div", { class: "sheet-page" },
        h("header", { class: "page-head" },
          h("h1", {}, name), h("p", { class: "muted" }, `${ROLES[role] ?? role}${work}`)),
        fresh && h("p", { class: "first", role: "alert" }, icon("info"),
          "现在的密码是别人给的。请先换成只有自己知道的密码，再开始工作。"),
        this.#password(),
        !fresh && new SecondFactor().element,
        !fresh && h("section", { "aria-label": "登录的设备" }, h("h2", {}, "登录的设备"), this.#devices)));
    if (!fresh) this.#loadDevices();
  }

  #password() {
    const old = field({ label: "现在的密码", name: "old", type: "password", autocomplete: "current-password", required: true });
    const next = field({
      label: "新密码", name: "new", type: "password", autocomplete: "new-password", required: true,
      hint: `至少 ${SHORTEST_PASSWORD} 个字符。几个不相干的词连起来，好记又难猜。`,
    });
    const again = field({ label: "再输一遍新密码", name: "again", type: "password", autocomplete: "new-password", required: true });
    const save = h("button", { class: "button primary", type: "submit" }, "修改密码");
    const form = h(
      "form", {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          for (const each of [old, next, again]) each.fault(null);
          if (!old.input.value) return old.fault("请输入现在的密码");
          if ([...next.input.value].length < SHORTEST_PASSWORD) return next.fault(`至少 ${SHORTEST_PASSWORD} 个字符`);
          if (next.input.value !== again.input.value) return again.fault("两遍不一样，请再输一遍");
          save.disabled = true;
          try {
            await this.#change(old.input.value, next.input.value);
          } catch (error) {
            (error.message.includes("现在的密码不对") ? old : next).fault(error.message);
          } finally {
            save.disabled = false;
          }
          return null;
        },
      },
      // Password managers want to know whose password it is.
      h("input", { type: "text", name: "username", autocomplete: "username", value: session.person.name, readonly: true, hidden: true }),
      old.element, next.element, again.element, h("div", { class: "acts" }, save),
    );
    return h("section", { "aria-label": "密码" },
      h("h2", {}, "密码"), h("p", { class: "muted" }, "改好后，其他设备上的登录随即失效。"), form);
  }

  async #change(old, next) {
    const wasFresh = session.person.must_change_password;
    await api.post("/session/password", { old, new: next });
    await session.load();
    toast("密码已修改，其他设备已退出", { kind: "good" });
    if (wasFresh) go("/desk");
    else this.#draw();
  }

  async #loadDevices() {
    this.#devices.replaceChildren(skeleton(2));
    try {
      const { sessions } = await api.get("/sessions");
      this.#showDevices(sessions);
    } catch (error) {
      this.#devices.replaceChildren(trouble(error, () => this.#loadDevices()));
    }
  }

  #showDevices(devices) {
    const others = devices.filter(({ here }) => !here);
    const leave = h("button", { class: "button", type: "button", onclick: () => this.#leaveOthers(leave) }, "退出其他设备");
    this.#devices.replaceChildren(
      h("ul", {}, ...devices.map((device) => h("li", {},
        h("p", {}, h("strong", {}, browserName(device.browser)), device.here && h("span", { class: "here" }, "这台设备")),
        h("p", { class: "muted" }, `${device.address} · `,
          h("time", { datetime: device.signed_in_at, title: exactly(device.signed_in_at) }, `${when(device.signed_in_at)}登录`),
          device.here ? "" : ` · ${ago(device.seen_at)}用过`)))),
      others.length ? leave : h("p", { class: "muted" }, "没有在其他设备上登录。"));
  }

  async #leaveOthers(button) {
    button.disabled = true;
    try {
      const { ended } = await api.delete("/sessions");
      toast(`已退出其他 ${ended} 台设备`, { kind: "good" });
      await this.#loadDevices();
    } catch (error) {
      toast(error.message, { kind: "danger" });
      button.disabled = false;
    }
  }
}

const BROWSERS = [[/MicroMessenger/, "微信"], [/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"]];
const SYSTEMS = [[/iPhone|iPad/, "iOS"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/Linux/, "Linux"]];

/** `Mozilla/5.0 (Windows NT 10.0…) … Chrome/140…` → Chrome，Windows */
function browserName(agent) {
  const [browser, system] = [BROWSERS, SYSTEMS].map((names) => names.find(([own]) => own.test(agent))?.[1]);
  return [browser, system].filter(Boolean).join("，") || agent.slice(0, 40) || "没有说明的程序";
}
