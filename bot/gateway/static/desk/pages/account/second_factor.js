// Turning the second factor on (password → scan → code → recovery codes) and off, step by step in the page itself.

import { h, svg } from "/static/widget/dom.js";
import { api } from "../../api.js";
import { toast } from "../../notices.js";
import { badge } from "../../parts/badge.js";
import { field } from "../../parts/field.js";
import { session } from "../../session.js";

export class SecondFactor {
  element = h("section", { "aria-label": "动态码" });

  constructor() {
    this.#rest();
  }

  #rest() {
    const on = session.person.second_factor;
    const ask = h("button", { class: on ? "button danger" : "button", type: "button", onclick: () => this.#askPassword(on) },
      on ? "关闭动态码" : "开启动态码");
    this.#show(
      h("p", { class: "muted" }, on
        ? "登录时除了密码，还要报验证器上的 6 位码。手机不在身边时用恢复码。"
        : "开启后，登录除了密码还要报手机验证器上的 6 位码；密码泄露了，别人也登不进来。"),
      h("div", { class: "acts" }, ask));
  }

  #askPassword(on) {
    const password = field({ label: "现在的密码", name: "password", type: "password", autocomplete: "current-password", required: true });
    const act = async () => {
      if (!on) {
        this.#invite(await api.post("/session/totp", { password: password.input.value }));
        return;
      }
      await api.delete("/session/totp", { password: password.input.value });
      await session.load();
      toast("动态码已关闭", { kind: "good" });
      this.#rest();
    };
    this.#step(password, on ? "关闭动态码" : "下一步", act, on ? "danger" : "primary");
  }

  #invite({ secret, qr }) {
    const code = field({
      label: "验证器上显示的 6 位码", name: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "7", required: true,
    });
    const act = async () => {
      const { recovery_codes: codes } = await api.put("/session/totp", { code: code.input.value });
      await session.load();
      this.#showCodes(codes);
    };
    this.#step(
      code, "开启动态码", act, "primary",
      h("div", { class: "scan" },
        picture(qr),
        h("ol", {},
          h("li", {}, "用手机上的验证器（如微软验证器、腾讯身份验证器）扫描左边的图。"),
          h("li", {}, "扫不了就手工输入密钥：", h("code", {}, secret.match(/.{1,4}/g).join(" "))),
          h("li", {}, "把它显示的 6 位码填在下面。"))));
  }

  #showCodes(codes) {
    const done = h("button", { class: "button primary", type: "button", onclick: () => this.#rest() }, "我已保存好");
    this.#show(
      h("p", {}, "动态码已开启。下面是恢复码，只显示这一次：手机不在身边时，每个能代替动态码用一次。请抄下来，和手机分开放。"),
      h("ul", { class: "codes" }, ...codes.map((code) => h("li", {}, h("code", {}, code)))),
      h("div", { class: "acts" }, done));
    done.focus();
  }

  /** One question, its answer, and what follows. */
  #step(asked, text, act, tone, above = null) {
    const next = h("button", { class: `button ${tone}`, type: "submit" }, text);
    this.#show(
      above,
      h("form", {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          asked.fault(asked.input.value ? null : "请先填写");
          if (!asked.input.value) return;
          next.disabled = true;
          try {
            await act();
          } catch (error) {
            asked.fault(error.message);
          } finally {
            next.disabled = false;
          }
        },
      }, asked.element,
      h("div", { class: "acts" }, next,
        h("button", { class: "button quiet", type: "button", onclick: () => this.#rest() }, "取消"))));
    asked.input.focus();
  }

  #show(...parts) {
    this.element.replaceChildren(
      h("h2", {}, "动态码 ", session.person.second_factor && badge("已开启", { tone: "good", mark: "shield" })),
      ...parts.filter(Boolean));
  }
}

/** The QR code as one path: a field of 1 × 1 for each 1. */
function picture(rows) {
  const path = rows.flatMap((row, y) => [...row].map((dark, x) => (dark === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  const drawn = svg([path]);
  drawn.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  drawn.setAttribute("fill", "currentColor");
  drawn.setAttribute("stroke", "none");
  drawn.setAttribute("shape-rendering", "crispEdges");
  return h("div", { class: "qr", role: "img", "aria-label": "给验证器扫的二维码" }, drawn);
}
