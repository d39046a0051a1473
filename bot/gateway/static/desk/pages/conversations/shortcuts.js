// The page's keys; `?` lists them.

const LIST = "会话列表";
const TALK = "对话";
const ACT = "处理";

/** `page` is the conversation page. */
export function shortcuts(page) {
  const open = () => Boolean(page.screen);
  return [
    { key: "j", shown: "j 或 ↓", does: "下一个会话", group: LIST, run: () => page.queue.step(1) },
    { key: "k", shown: "k 或 ↑", does: "上一个会话", group: LIST, run: () => page.queue.step(-1) },
    { key: "Enter", does: "打开选中的会话", group: LIST, when: () => atRest(), run: () => page.queue.openActive() },
    { key: "t", does: "接待排在最前面的客户", group: LIST, run: () => page.takeFirst() },
    { key: "/", does: "找会话", group: LIST, run: () => page.queue.focusSearch() },
    { key: "g", does: "回到会话列表", group: LIST, run: () => page.queue.focus() },
    ...Array.from({ length: 9 }, (_, index) => ({
      key: `Alt+${index + 1}`, run: () => page.openNth(index),
      ...(index ? {} : { shown: "Alt+1 – Alt+9", does: "切换打开的会话", group: TALK }),
    })),
    { key: "r", does: "写回复", group: TALK, when: open, run: () => page.screen.composer.setMode("reply") },
    { key: "u", does: "给客户发图片或文件", group: TALK, when: () => open() && page.screen.composer.mayAttach, run: () => page.screen.composer.choose() },
    { key: "n", does: "写备注", group: TALK, when: open, run: () => page.screen.composer.setMode("note") },
    { key: "Ctrl+/", does: "回复与备注互换", group: TALK, when: open, run: () => page.screen.composer.toggleNote() },
    { key: "Alt+Enter", does: "填入第一条建议回复", group: TALK, when: open, run: () => page.screen.composer.pickSuggestion(0) },
    { key: "PageUp", does: "往上看", group: TALK, when: open, run: () => page.screen.log.scroll(-1) },
    { key: "PageDown", does: "往下看", group: TALK, when: open, run: () => page.screen.log.scroll(1) },
    { key: "a", does: "接待这位客户", group: ACT, when: () => open() && page.screen.talk.row.owner !== "human", run: () => page.screen.head.take() },
    { key: "f", does: "转接", group: ACT, when: open, run: () => page.screen.head.toggle("transfer") },
    { key: "e", does: "结束会话", group: ACT, when: () => open() && page.screen.talk.isMine, run: () => page.screen.head.toggle("close") },
    { key: "x", does: "收起这个会话", group: ACT, when: open, run: () => page.shut(page.screen.talk.id) },
    { key: "Escape", does: "离开输入框，回到列表", group: ACT, run: () => (page.screen?.head.isOpen ? page.screen.head.shut() : page.queue.focus()) },
  ];
}

/** Enter on a button or a link is theirs. */
function atRest() {
  return !document.activeElement?.closest("button, a, summary, select, [role=listbox], form");
}
