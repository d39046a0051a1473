// The frame around every page: navigation, the state of the line, who is here, and the switches.

import { h, setText } from "/static/widget/dom.js";
import { Storage } from "/static/widget/storage.js";
import { showHelp } from "./help.js";
import { keys } from "./keys.js";
import { live } from "./live.js";
import { askPermission, isMuted, permission, setMuted, tell, toast } from "./notices.js";
import { icon } from "./parts/icon.js";
import { menu } from "./parts/menu.js";
import { onPage, pagesFor, start } from "./router.js";
import { session } from "./session.js";
import { PRESENCE, PRESENCE_MEANS, ROLES, teamName } from "./words.js";

const LINE = { connecting: "正在连接…", online: "已连接", offline: "连接断开，正在重连…" };

export class Shell {
  element;
  #storage = new Storage("desk");
  #outlet;
  #line;
  #lineText;
  #banner;
  #presence;
  #nav;
  #offs = [];

  constructor() {
    this.#build();
  }

  start() {
    this.#offs = [
      live.on("state", (state) => this.#showLine(state)),
      live.on("notice", (notice) => tell(toneOf(notice))),
      live.on("presence", ({ people }) => this.#othersSay(people)),
      onPage((page) => this.#showPage(page)),
      keys.add({ key: "?", does: "显示这张快捷键表", run: showHelp }),
    ];
    followKeyboard();
    this.#showDensity(this.#storage.read("density") ?? "cosy");
    this.#showLine(live.state);
    this.update();
    start(this.#outlet);
  }

  stop() {
    for (const off of this.#offs) off();
  }

  /** The person, or what they say of themselves, has changed. */
  update() {
    const { name, role, presence } = session.person;
    this.#presence.button.replaceChildren(
      h("span", { class: `dot ${presence}`, "aria-hidden": "true" }),
      h("span", { class: "presence-name" }, name),
      h("span", { class: "presence-word" }, PRESENCE[presence] ?? ROLES[role]),
      icon("chevron"));
    this.#presence.button.setAttribute("aria-label", `${name}，${PRESENCE[presence] ?? ""}：更换状态、账号与退出`);
  }

  #build() {
    this.#nav = h("nav", { class: "pages", "aria-label": "页面" }, ...pagesFor()
      .filter((page) => page.menu !== false)
      .map(({ path, name, title, icon: mark }) =>
        h("a", { href: path, "data-page": name }, icon(mark), h("span", {}, title))));
    this.#lineText = h("span");
    this.#line = h("p", { class: "line", role: "status" }, h("i", { "aria-hidden": "true" }), this.#lineText);
    this.#presence = menu({ class: "presence", label: "状态", items: () => this.#presenceItems() });
    const tools = menu({
      class: "icon-button", label: "设置", icon: "settings", items: () => this.#toolItems(),
    });
    const help = h(
      "button",
      { class: "icon-button", type: "button", title: "快捷键（?）", "aria-label": "快捷键", onclick: showHelp },
      icon("help"),
    );
    this.#banner = h("p", { class: "offline-banner", role: "status", hidden: true });
    this.#outlet = h("main", { id: "page", tabindex: "-1" });
    this.element = h(
      "div", { class: "shell" },
      h("a", { class: "skip", href: "#page", onclick: (event) => { event.preventDefault(); this.#outlet.focus(); } }, "跳到正文"),
      h("header", { class: "top" },
        h("a", { class: "brand", href: "/desk", "aria-label": "安服工作台" },
          h("img", { src: "/static/demo/mark.svg", alt: "", width: "28", height: "28" })),
        this.#nav,
        h("div", { class: "tools" }, this.#line, help, tools.element, this.#presence.element)),
      this.#banner, this.#outlet,
    );
  }

  #showPage(page) {
    for (const link of this.#nav.children) {
      if (link.dataset.page === page.name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  #showLine(state) {
    this.#line.dataset.state = state;
    setText(this.#lineText, LINE[state]);
    this.#banner.hidden = state !== "offline";
    setText(this.#banner, "连接断开了，正在重连。写好的内容会保留，恢复后自动补发。");
  }

  #presenceItems() {
    const { name, role, team, presence } = session.person;
    const states = presence && role !== "admin" ? Object.keys(PRESENCE) : [];
    return [
      { heading: `${name} · ${ROLES[role] ?? role}${role === "admin" ? "" : ` · ${teamName(team)}`}` },
      ...states.map((state) => ({
        text: PRESENCE[state], hint: PRESENCE_MEANS[state], dot: state, checked: state === presence,
        run: () => this.#choosePresence(state),
      })),
      { divider: true },
      { text: "我的账号", icon: "person", link: "/desk/account" },
      { text: "退出登录", icon: "leave", run: () => this.#leave() },
    ];
  }

  #toolItems() {
    const density = document.documentElement.dataset.density;
    const asked = permission();
    return [
      { text: "舒适", icon: "cosy", checked: density === "cosy", group: "行距", run: () => this.#showDensity("cosy") },
      { text: "紧凑", icon: "compact", checked: density === "compact", group: "行距", run: () => this.#showDensity("compact") },
      { divider: true },
      { text: "提示音", icon: isMuted() ? "mute" : "sound", checked: !isMuted(), run: () => setMuted(!isMuted()) },
      {
        text: "桌面通知", icon: "bell", checked: asked === "granted",
        hint: { denied: "浏览器已禁止，请在地址栏左侧的网站设置里打开", unsupported: "这个浏览器不支持" }[asked],
        disabled: asked === "denied" || asked === "unsupported",
        run: () => this.#askPermission(),
      },
    ];
  }

  async #choosePresence(state) {
    try {
      await session.setPresence(state);
    } catch (error) {
      toast(error.message, { kind: "danger" });
    }
  }

  async #askPermission() {
    if ((await askPermission()) === "granted") toast("桌面通知已打开：不在这个窗口时，新会话和新消息会弹出提示", { kind: "good" });
  }

  async #leave() {
    try {
      await session.signOut();
    } catch (error) {
      toast(error.message, { kind: "danger" });
    }
  }

  /** Another desk of the same person, or the clockwork, changed the presence. */
  #othersSay(people = []) {
    const me = people.find(({ name }) => name === session.person?.name);
    if (!me || me.presence === session.person.presence) return;
    session.person = { ...session.person, presence: me.presence };
    this.update();
  }

  #showDensity(density) {
    document.documentElement.dataset.density = density;
    this.#storage.write("density", density);
    dispatchEvent(new CustomEvent("density"));
  }
}

/** On phones the desk is as high as what the keyboard leaves of the screen. */
function followKeyboard() {
  const { visualViewport: viewport } = window;
  viewport?.addEventListener("resize", () => {
    // While zoomed in, the viewport is a magnifying glass, not the screen.
    if (viewport.scale < 1.05) document.documentElement.style.setProperty("--view-height", `${viewport.height}px`);
  });
}

function toneOf({ kind, title, text, link }) {
  const grave = ["breach", "safety", "emergency"].includes(kind);
  return { title, text, link, kind: grave ? "danger" : "info", tone: grave ? "alarm" : "news" };
}
