// The phone: one customer's chat, and what the customer can do in it.

import { drawing, h, linked, linkTo } from "./dom.js";
import { EXAMPLES, STATES } from "./words.js";

const PAUSE = 5 * 60 * 1000;
const NEAR_THE_END = 60;
const PLACES = [
  ["上海市黄浦区人民广场", 31.2304, 121.4737],
  ["北京市朝阳区国贸", 39.9087, 116.4605],
];
const PLUS = drawing("M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18", "M12 8v8", "M8 12h8");
const PICTURES = {
  image: drawing("M4 5h16v14H4z", "M4 16l5-5 4 4 3-3 4 4", "M15 9h.01"),
  voice: drawing("M12 4a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3", "M6 12a6 6 0 0 0 12 0", "M12 18v3"),
  location: drawing("M12 21s7-6.5 7-12a7 7 0 0 0-14 0c0 5.500 7 12 7 12", "M12 11.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5"),
  file: drawing("M7 3h7l4 4v14H7z", "M14 3v4h4", "M10 12h5", "M10 16h5"),
};
const KIND_NAMES = { image: "照片", voice: "语音", location: "位置", file: "文件" };

/** Shows one customer at a time. `act(what, more)` does it; `give(kind, file, name, text)` sends a file. */
export class Phone {
  constructor(root, { act, give }) {
    this.act = act;
    this.give = give;
    this.drafts = new Map();
    this.shown = null;
    this.title = h("strong", {});
    this.side = h("span", { class: "state" });
    this.lines = h("ol", { role: "log", "aria-live": "polite", "aria-label": "聊天" });
    this.chat = h("div", { class: "chat", tabindex: "0", onscroll: () => this.scrolled() }, this.lines);
    this.below = h("div", { class: "below" });
    root.append(h("div", { class: "bar" }, h("span", { class: "who" }), this.title, this.side), this.chat, this.below);
    this.who = root.querySelector(".who");
    this.stays = true;
    new ResizeObserver(() => this.stays && this.toEnd()).observe(this.chat);
  }

  /** Brings the customer as they are now to the screen. */
  show(channel, customer, name, menu) {
    const key = `${channel} ${customer.id}`;
    if (this.shown !== key) this.begin(key, channel, customer, menu);
    else if (this.follows !== customer.follows) this.buildBelow(channel, customer, menu);
    this.who.textContent = name;
    this.title.textContent = customer.is_typing ? "对方正在输入…" : channel === "kf" ? "安服客服" : "安服公众号";
    this.side.textContent = channel === "kf" ? STATES[customer.state] : customer.follows ? "已关注" : "未关注";
    this.add(channel, customer);
  }

  begin(key, channel, customer, menu) {
    if (this.shown && this.input) this.drafts.set(this.shown, this.input.value);
    this.shown = key;
    this.number = 0;
    this.before = null;
    this.lines.replaceChildren();
    this.buildBelow(channel, customer, menu);
  }

  add(channel, customer) {
    const fresh = customer.chat.filter((line) => line.number > this.number);
    const first = this.number === 0;
    if (!customer.chat.length) {
      if (!this.lines.childElementCount) this.lines.append(this.nothingYet());
      return;
    }
    if (!fresh.length) return;
    const follow = first || this.atEnd() || fresh.some((line) => line.speaker === "customer");
    if (first) this.lines.replaceChildren();
    for (const line of fresh) this.lines.append(...this.line(line));
    this.number = fresh.at(-1).number;
    if (follow) this.toEnd();
    else this.pill.hidden = false;
  }

  line(line) {
    const nodes = [];
    const at = new Date(line.at);
    const paused = !this.before || at - new Date(this.before.at) > PAUSE;
    if (paused) {
      const time = at.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false });
      nodes.push(h("li", { class: "when" }, time));
    }
    const begins = paused || this.before.speaker !== line.speaker;
    this.before = line;
    if (line.speaker === "phone") return [...nodes, h("li", { class: "grey" }, line.text)];
    const mine = line.speaker === "customer";
    const side = `${mine ? "mine" : line.speaker}${begins ? " first" : ""}`;
    const avatar = { customer: "我", person: "人" }[line.speaker] ?? "安";
    return [...nodes, h("li", { class: side }, h("span", { class: "avatar", "aria-hidden": "true" }, avatar), this.bubble(line))];
  }

  bubble(line) {
    const address = line.media_id && `/simulator/media/${line.media_id}`;
    const how = line.is_passive ? h("span", { class: "how" }, "被动回复") : null;
    switch (line.kind) {
      case "image":
        return h("div", { class: "bubble bare" }, h("img", { src: address, alt: "照片", onload: () => this.atEnd(200) && this.toEnd() }));
      case "video":
        return h("div", { class: "bubble bare" }, h("video", { src: address, controls: true }));
      case "voice":
        return h("div", { class: "bubble" }, labelled("voice", "语音"), line.text && h("span", { class: "how" }, `识别：${line.text}`));
      case "file":
        return h("div", { class: "bubble" }, h("a", { href: address, download: line.text || "文件" }, labelled("file", line.text || "文件")));
      case "location":
        return h("div", { class: "bubble" }, labelled("location", line.text || "位置"));
      case "link":
        return h("div", { class: "bubble" }, this.card(line), how);
      case "msgmenu":
        return h("div", { class: "bubble" }, linked(line.text), h("div", { class: "entries" }, line.buttons.map((entry) => this.entry(entry))),
          line.tail && h("span", { class: "tail" }, linked(line.tail)));
      default:
        return h("div", { class: "bubble" }, linked(line.text), how);
    }
  }

  card(line) {
    const card = linkTo(line.url, h("strong", {}, line.text), h("span", {}, line.tail || line.url));
    card.classList.add("card");
    return card;
  }

  entry(entry) {
    if (entry.url) return linkTo(entry.url, entry.title);
    if (!entry.id) return h("span", {}, entry.title);
    return h("button", { type: "button", onclick: () => this.act("choose", { key: entry.id, text: entry.title }) }, entry.title);
  }

  nothingYet() {
    const chips = EXAMPLES.map((text) => h("button", { type: "button", onclick: () => this.act("say", { text }) }, text));
    return h("li", { class: "empty" }, h("div", {}, "您就是顾客：在下面说句话，或点一句试试。", h("div", { class: "chips" }, chips)));
  }

  buildBelow(channel, customer, menu) {
    this.follows = customer.follows;
    this.pill = h("button", { class: "pill", type: "button", hidden: true, onclick: () => this.toEnd() }, "有新消息 ↓");
    if (channel === "wechat" && !customer.follows) {
      this.input = null;
      const follow = h("button", { class: "send", type: "button", onclick: () => this.act("follow") }, "关注公众号");
      this.below.replaceChildren(this.pill, h("div", { class: "gone" }, "已取消关注，发不了消息。 ", follow));
      return;
    }
    this.input = h("textarea", {
      rows: "1", "aria-label": "说点什么", placeholder: "说点什么", enterkeyhint: "send", onkeydown: (event) => this.key(event),
    });
    this.input.value = this.drafts.get(this.shown) ?? "";
    this.sheet = this.buildSheet(channel);
    const more = h("button", { class: "icon", type: "button", "aria-label": "发照片、语音、位置", "aria-expanded": "false", onclick: () => this.turnSheet() },
      PLUS.cloneNode(true));
    this.more = more;
    const form = h("form", { class: "composer", onsubmit: (event) => this.say(event) }, this.input, more, h("button", { class: "send" }, "发送"));
    const keys = channel === "wechat" && menu.length ? h("div", { class: "keys", role: "group", "aria-label": "公众号菜单" },
      menu.map(({ key, title }) => h("button", { type: "button", onclick: () => this.act("click", { key }) }, title))) : null;
    this.below.replaceChildren(...[this.pill, form, this.sheet, keys].filter(Boolean));
  }

  buildSheet(channel) {
    const kinds = channel === "kf" ? ["image", "voice", "location", "file"] : ["image", "voice", "location"];
    const chosen = h("div", {});
    const file = (kind) => h("input", {
      type: "file", hidden: true, accept: kind === "image" ? "image/*" : null, "aria-label": KIND_NAMES[kind],
      onchange: (event) => this.chosen(kind, event.target),
    });
    const inputs = { image: file("image"), file: file("file") };
    const pick = (kind) => (inputs[kind] ? inputs[kind].click() : chosen.replaceChildren(this.form(kind, channel)));
    const buttons = kinds.map((kind) => h("button", { type: "button", onclick: () => pick(kind) }, PICTURES[kind].cloneNode(true), KIND_NAMES[kind]));
    return h("div", { class: "sheet", hidden: true }, h("div", { class: "kinds" }, buttons), inputs.image, inputs.file, chosen);
  }

  form(kind, channel) {
    const recognises = kind === "voice" && channel === "wechat";
    const input = h("input", {
      "aria-label": kind === "voice" ? "识别出的文字" : "位置", list: kind === "location" ? "places" : null,
      placeholder: recognises ? "微信识别出的文字，可不填" : "位置的名称",
    });
    if (kind === "location") input.value = PLACES[0][0];
    const send = (event) => {
      event.preventDefault();
      this.turnSheet(false);
      if (kind === "voice") this.give("voice", silence(), "voice.amr", input.value.trim());
      else this.act("location", place(input.value.trim() || PLACES[0][0]));
    };
    const words = kind === "voice" && !recognises ? h("span", { class: "how" }, "微信客服不识别语音") : input;
    return h("form", { onsubmit: send }, words, h("button", { class: "send" }, `发送${KIND_NAMES[kind]}`));
  }

  chosen(kind, input) {
    const [file] = input.files;
    if (!file) return;
    this.turnSheet(false);
    this.give(kind, file, file.name, "");
    input.value = "";
  }

  turnSheet(open = this.sheet.hidden) {
    this.sheet.hidden = !open;
    this.more.setAttribute("aria-expanded", String(open));
    if (open) this.toEnd();
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) this.say(event);
  }

  say(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (!text) return;
    this.input.value = "";
    this.act("say", { text });
  }

  atEnd(near = NEAR_THE_END) {
    return this.chat.scrollHeight - this.chat.scrollTop - this.chat.clientHeight < near;
  }

  toEnd() {
    this.chat.scrollTop = this.chat.scrollHeight;
    this.stays = true;
    this.hidePill();
  }

  scrolled() {
    this.stays = this.atEnd();
    if (this.stays) this.hidePill();
  }

  hidePill() {
    if (this.pill) this.pill.hidden = true;
  }
}

function labelled(kind, text) {
  return h("span", { class: "labelled" }, PICTURES[kind].cloneNode(true), text);
}

function place(name) {
  const known = PLACES.find(([one]) => one === name) ?? [name, PLACES[0][1], PLACES[0][2]];
  return { text: name, latitude: known[1], longitude: known[2] };
}

/** A second of AMR in which nothing is said. */
function silence() {
  const frame = [4, ...new Array(12).fill(0)];
  const bytes = [...new TextEncoder().encode("#!AMR\n"), ...new Array(50).fill(frame).flat()];
  return new Blob([new Uint8Array(bytes)], { type: "audio/amr" });
}
