// The sign-in page: name, password, and the second factor when the account has one.

import { h, setText } from "/static/widget/dom.js";
import { field } from "./parts/field.js";
import { icon } from "./parts/icon.js";
import { session } from "./session.js";

export class SignIn {
  element;
  #fault;
  #name;
  #password;
  #code;
  #button;

  /** `again`: the name of whoever was signed in until now. */
  constructor({ again = null }) {
    this.#name = field({ label: "账号", name: "username", value: again ?? "", autocomplete: "username", required: true });
    this.#password = field({
      label: "密码", name: "password", type: "password", autocomplete: "current-password", required: true,
    });
    this.#code = field({
      label: "动态码", name: "code", autocomplete: "one-time-code",
      hint: "打开验证器 App，填 6 位数字；手机不在身边时填恢复码",
    });
    this.#code.element.hidden = true;
    this.#fault = h("p", { class: "fault", role: "alert", hidden: true });
    this.#button = h("button", { class: "button primary wide", type: "submit" }, "登录");
    this.element = h(
      "main", { class: "signin" },
      h("form", { class: "signin-sheet", onsubmit: (event) => this.#submit(event) },
        h("p", { class: "brand" }, h("img", { src: "/static/demo/mark.svg", alt: "", width: "32", height: "32" }), "安服"),
        h("h1", {}, again ? "请重新登录" : "登录工作台"),
        h("p", { class: "muted" },
          again ? "登录已过期。登录后回到刚才的页面，写了一半的内容都还在。" : "用客服账号登录，开始接待顾客。"),
        this.#fault,
        this.#name.element, this.#password.element, this.#code.element, this.#button,
        h("p", { class: "fine" }, "忘记密码？请找管理员重设。")),
    );
    requestAnimationFrame(() => (again ? this.#password : this.#name).input.focus());
  }

  async #submit(event) {
    event.preventDefault();
    this.#showFault("");
    const name = this.#name.input.value.trim();
    const password = this.#password.input.value;
    if (!name || !password) {
      this.#showFault("请填写账号和密码");
      (name ? this.#password : this.#name).input.focus();
      return;
    }
    this.#button.disabled = true;
    setText(this.#button, "正在登录…");
    try {
      await session.signIn(name, password, this.#code.input.value.replace(/\s/g, ""));
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#button.disabled = false;
      setText(this.#button, "登录");
    }
  }

  #refused(error) {
    if (error.code === "second_factor" && this.#code.element.hidden) {
      this.#code.element.hidden = false;
      this.#code.input.focus();
      return;
    }
    this.#showFault(error.message);
    (this.#code.element.hidden ? this.#password : this.#code).input.select();
  }

  #showFault(text) {
    this.#fault.hidden = !text;
    this.#fault.replaceChildren(...(text ? [icon("warning"), text] : []));
  }
}
