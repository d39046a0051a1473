// Message text into nodes: web addresses and phone numbers become links, ticket numbers stay on one line, everything
// else is plain text.

import { h } from "./dom.js";

const SPECIAL = new RegExp(
  [
    String.raw`[A-Z]{2}\d{8}-\d{4}`,
    String.raw`https?:\/\/[^\s<>"'，。！？；：、（）【】《》“”‘’…]+`,
    String.raw`(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}`,
    String.raw`[48]00[- ]?\d{3}[- ]?\d{4}`,
    String.raw`0\d{2,3}-\d{7,8}`,
  ].join("|"),
  "g",
);
const LONGEST_ADDRESS = 40;
const JOINS_A_NUMBER = /[\dA-Za-z*-]/;

export function renderText(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(SPECIAL)) {
    const [node, length] = special(match[0], text, match.index);
    if (!node) continue;
    nodes.push(text.slice(end, match.index), node);
    end = match.index + length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

// The node that stands for what was found, if any, and how many characters of the text it stands for.
function special(found, text, index) {
  if (found.startsWith("http")) return webLink(found);
  const node = /^[A-Z]/.test(found) ? h("span", { class: "whole" }, found) : phoneLink(found, text, index);
  return [node, found.length];
}

function webLink(found) {
  const address = found.replace(/[.,!?;:)\]}]+$/, "");
  try {
    new URL(address);
  } catch {
    return [null, 0];
  }
  const shown = address.length > LONGEST_ADDRESS ? `${address.slice(0, LONGEST_ADDRESS - 1)}…` : address;
  const link = h("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, shown);
  return [link, address.length];
}

function phoneLink(found, text, index) {
  // Part of a longer number: an order, a ticket.
  if (JOINS_A_NUMBER.test(text[index - 1] ?? "") || JOINS_A_NUMBER.test(text[index + found.length] ?? "")) return null;
  return h("a", { href: `tel:${found.replace(/[- ]/g, "")}` }, found);
}

/** Characters as the server counts them: an emoji is one. */
export function countCharacters(text) {
  return [...text].length;
}
