// The card that asks, once, how a conversation was: five stars, each with its word, and room for a few more (H1).

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

const MOST_CHARACTERS = 500;

export class RatingCard {
  element;
  #words;
  #rate;
  #name;
  #word;
  #comment;
  #send;
  #error;
  #score = 0;

  /** `rate(score, comment)` resolves when it is kept, and rejects with what to tell. */
  constructor(key, words, rate) {
    this.#words = words;
    this.#rate = rate;
    this.#name = `score-${key}`;
    this.#build();
  }

  #build() {
    const words = this.#words;
    this.#word = h("span", { class: "score-word", "aria-hidden": "true" }, words.rateHint);
    this.#comment = h("textarea", {
      rows: "2", maxlength: String(MOST_CHARACTERS), placeholder: words.rateComment, "aria-label": words.rateComment,
      autocomplete: "off",
    });
    this.#send = h("button", { class: "primary", type: "submit", disabled: true }, words.rateSend);
    this.#error = h("p", { class: "wrong", role: "alert" });
    this.element = h(
      "form", { class: "rating", novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      h(
        "fieldset", {},
        h("legend", {}, words.rateTitle),
        h("div", { class: "stars" }, ...words.scores.map((word, place) => this.#star(place + 1, word))),
        this.#word,
      ),
      this.#comment, this.#error, this.#send,
    );
  }

  #star(score, word) {
    const input = h("input", {
      type: "radio", name: this.#name, value: String(score), class: "sr", "aria-label": `${score} 分，${word}`,
      onchange: () => this.#choose(score),
    });
    return h("label", { class: "star", title: word }, input, icon("star"));
  }

  #choose(score) {
    this.#score = score;
    this.#send.disabled = false;
    setText(this.#word, this.#words.scores[score - 1]);
    for (const [place, star] of [...this.element.querySelectorAll(".star")].entries()) {
      star.classList.toggle("lit", place < score);
    }
  }

  async #submit() {
    if (!this.#score) return;
    this.#send.disabled = true;
    setText(this.#error, "");
    try {
      await this.#rate(this.#score, this.#comment.value.trim());
      this.element.replaceChildren(h("p", { class: "thanks", role: "status" }, icon("check"), this.#words.rateThanks));
    } catch (error) {
      setText(this.#error, error.message || this.#words.rateFailed);
      this.#send.disabled = false;
    }
  }
}
