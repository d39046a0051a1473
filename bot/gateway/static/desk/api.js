// The one way to the server. `api.get("/desk/wall")` → the answer's JSON; what is refused throws an ApiError whose
// message is for people, and may be shown as it is.

import { hearServerTime } from "./format.js";

const BASE = "/api/v1";
const PATIENCE_MS = 20_000;

export class ApiError extends Error {
  /** `status` 0: nobody answered. `code` is the server's word, such as conflict; `body` the whole answer. */
  constructor(status, code, message, { retryAfter = null, body = null } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.body = body;
  }

  get isOffline() {
    return this.status === 0;
  }

  /** Whether the same question may be answered later. */
  get mayPass() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

class Api {
  csrf = null;
  /** Called when the server no longer knows who is asking. */
  onSignedOut = () => {};

  get(path, { signal, query } = {}) {
    return this.#ask("GET", withQuery(path, query), undefined, { signal });
  }

  post(path, body = {}) {
    return this.#ask("POST", path, body);
  }

  put(path, body = {}) {
    return this.#ask("PUT", path, body);
  }

  patch(path, body = {}) {
    return this.#ask("PATCH", path, body);
  }

  delete(path, body) {
    return this.#ask("DELETE", path, body);
  }

  /** A form with files; no limit on how long it takes. `told` hears how much of it has gone, from 0 to 1. */
  upload(path, form, { told = () => {}, signal } = {}) {
    const session = this.csrf;
    return new Promise((resolve, reject) => {
      // fetch does not tell how much it has sent.
      const request = new XMLHttpRequest();
      request.open("POST", BASE + path);
      for (const [name, value] of Object.entries(this.#headers("POST"))) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => told(total ? loaded / total : 0);
      request.onload = () => {
        try {
          resolve(this.#read("POST", path, session, request.status, request.responseText, (name) => request.getResponseHeader(name)));
        } catch (error) {
          reject(error);
        }
      };
      request.onerror = () => reject(offline());
      request.onabort = () => reject(signal.reason);
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      request.send(form);
    });
  }

  /** The address of something that the browser fetches itself: a picture, a download. */
  address(path, query) {
    return BASE + withQuery(path, query);
  }

  async #ask(method, path, body, { signal, patience = PATIENCE_MS } = {}) {
    const session = this.csrf;
    const headers = this.#headers(method);
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const signals = [signal, patience && AbortSignal.timeout(patience)].filter(Boolean);
    let response;
    let text;
    try {
      response = await fetch(BASE + path, {
        method, headers, credentials: "same-origin",
        body: body === undefined ? body : JSON.stringify(body),
        signal: signals.length ? AbortSignal.any(signals) : undefined,
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw offline();
    }
    return this.#read(method, path, session, response.status, text, (name) => response.headers.get(name));
  }

  #headers(method) {
    const csrf = method !== "GET" && this.csrf ? { "X-CSRF-Token": this.csrf } : {};
    return { Accept: "application/json", ...csrf };
  }

  /** The answer's JSON; throws what was refused. `session`: whose it was when it was asked. `header(name)` → its value. */
  #read(method, path, session, status, text, header) {
    hearServerTime(header("Date"));
    const answer = parsed(text);
    if (status >= 200 && status < 300) return answer;
    const { code = "http_error", message } = answer?.error ?? {};
    // A wrong password is answered with 401 too; the sign-in page says so itself. And what was asked in a session that
    // has ended says nothing of the one that was begun since.
    const isSignIn = method === "POST" && path === "/session";
    if (status === 401 && !isSignIn && session === this.csrf) this.onSignedOut();
    throw new ApiError(status, code, message ?? "服务器没有答复这次请求，请稍后重试", {
      retryAfter: Number(header("Retry-After")) * 1000 || null, body: answer,
    });
  }
}

function offline() {
  return new ApiError(0, "offline", "网络不通，没有送到服务器；请检查网络后重试");
}

function withQuery(path, query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const api = new Api();
