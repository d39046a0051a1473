// The simulator's page: asks for the state again and again, and shows it.

import { ask, nextState, sendFile } from "./api.js";
import { h } from "./dom.js";
import { Panel } from "./panel.js";
import { Phone } from "./phone.js";
import { CHANNELS, customerName } from "./words.js";

const FIRST_CUSTOMERS = 2;
const AGAIN_AFTER = 1500;
const NOTICE_LASTS = 6000;
const AWAY_SECONDS = 20;

const $ = (id) => document.getElementById(id);
const chosen = { channel: "wechat", customers: { wechat: "", kf: "" }, seen: new Map() };
let state = null;
let offset = 0;
let awayUntil = 0;

const phone = new Phone($("phone"), { act, give });
const panel = new Panel($("panel"), {
  set: (faults) => doing(ask("faults", faults)),
  advance: (seconds) => doing(ask("clock", { seconds })),
  leave: () => {
    awayUntil = Date.now() + (AWAY_SECONDS + 1) * 1000;
    doing(ask("away", { seconds: AWAY_SECONDS }), `断网 ${AWAY_SECONDS} 秒：连不上平台，这一页也等它回来`);
  },
  expire: () => doing(ask("tokens/expire"), "access_token 都过期了：下一次调用要换新的"),
});

$("verify").addEventListener("click", async () => {
  const found = await doing(ask("verify"));
  if (!found) return;
  const words = Object.entries(found).map(([channel, good]) => `${CHANNELS[channel]}${good ? " ✓ 接通" : " ✗ 没有正确回答"}`);
  notify(words.join("　"), !found.wechat || !found.kf);
});
setInterval(() => panel.tick(), 1000);
look("phone");
poll();

async function poll() {
  for (;;) {
    try {
      state = await nextState(state ? state.version : -1);
      offset = new Date(state.now) - Date.now();
      await ensureCustomers();
      show();
    } catch (error) {
      if (Date.now() > awayUntil) notify(`连不上模拟器：${error.message}。它还在运行吗？`, true);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
    }
  }
}

function customers() {
  return chosen.channel === "kf" ? state.kf : state.official;
}

async function ensureCustomers() {
  if (customers().length >= FIRST_CUSTOMERS) return;
  await ask("customers", { channel: chosen.channel, at_least: FIRST_CUSTOMERS });
  state = await nextState(-1);
}

function show() {
  const all = customers();
  const customer = all.find(({ id }) => id === chosen.customers[chosen.channel]) ?? all[0];
  if (!customer) return;
  chosen.customers[chosen.channel] = customer.id;
  $("service").textContent = `送到 ${state.service} · 公众号${state.aes ? "安全模式" : "明文模式"}`;
  showChannels();
  showCustomers(all, customer);
  showActs(customer);
  phone.show(chosen.channel, customer, customerName(all.indexOf(customer)), state.menu);
  panel.show(state, chosen.channel, customer, offset);
}

function showChannels() {
  $("channels").replaceChildren(...Object.entries(CHANNELS).map(([channel, name]) => {
    const choose = async () => {
      chosen.channel = channel;
      await doing(ensureCustomers());
      show();
    };
    return h("button", { type: "button", "aria-pressed": String(channel === chosen.channel), onclick: choose }, name);
  }));
}

function showCustomers(all, current) {
  const heard = (one) => one.chat.filter((line) => line.speaker !== "customer").at(-1)?.number ?? 0;
  chosen.seen.set(current.id, heard(current));
  const tabs = all.map((one, number) => {
    const unread = heard(one) > (chosen.seen.get(one.id) ?? 0);
    const choose = () => {
      chosen.customers[chosen.channel] = one.id;
      show();
    };
    return h("button", { type: "button", role: "tab", "aria-selected": String(one === current), title: one.id, onclick: choose },
      customerName(number), unread && h("span", { class: "unread", "aria-label": "有新消息" }, "●"));
  });
  const add = async () => {
    const added = await doing(ask("customers", { channel: chosen.channel }));
    if (added) [chosen.customers[chosen.channel]] = added.customers;
  };
  $("customers").replaceChildren(...tabs, h("button", { type: "button", "aria-label": "再来一位顾客", title: "再来一位顾客", onclick: add }, "＋"));
}

function showActs(customer) {
  const button = (title, what, more) => h("button", { class: "quiet", type: "button", onclick: () => act(what, more) }, title);
  const acts = chosen.channel === "wechat"
    ? [customer.follows ? button("取消关注", "unfollow") : button("关注", "follow"), customer.follows && button("扫码", "scan", { key: "shop" })]
    : [button("进入会话", "enter"), customer.state === 3
        ? [button("人工说一句", "person_says", { text: "您好，我是接待人员小赵。" }), button("结束会话", "end")]
        : customer.state !== 4 && button("人工接入", "take")].flat();
  $("acts").replaceChildren(...acts.filter(Boolean));
}

function look(view) {
  document.body.dataset.view = view;
  const views = { phone: "手机", panel: "平台" };
  $("views").replaceChildren(...Object.entries(views).map(([name, title]) =>
    h("button", { type: "button", "aria-pressed": String(name === view), onclick: () => look(name) }, title)));
  if (view === "phone") phone.toEnd();
}

function act(what, more = {}) {
  return doing(ask("do", { channel: chosen.channel, customer: chosen.customers[chosen.channel], what, ...more }));
}

function give(kind, file, name, text) {
  const fields = { channel: chosen.channel, customer: chosen.customers[chosen.channel], kind, text };
  return doing(sendFile(fields, file, name));
}

/** Waits for it, and says so where it does not work. */
async function doing(work, words = "") {
  try {
    const answer = await work;
    if (words) notify(words);
    return answer ?? {};
  } catch (error) {
    notify(error.message, true);
    return null;
  }
}

let fading = 0;
function notify(words, bad = false) {
  const notice = $("notice");
  notice.textContent = words;
  notice.classList.toggle("bad", bad);
  notice.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { notice.hidden = true; }, NOTICE_LASTS);
}
