// The gateway's HTTP API, call by call.

const ANSWER_WITHIN_MS = 15_000;
const UPLOAD_WITHIN_MS = 180_000;

/** A request that failed: `status` is 0 when no answer came. */
export class ApiError extends Error {
  constructor(status, message = "", retryAfter = null) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The conversation or its token is not accepted (any more). */
  get refused() {
    return [401, 403, 404].includes(this.status);
  }

  /** Sending the same again cannot help. */
  get permanent() {
    return this.status >= 400 && this.status < 500 && ![408, 425, 429].includes(this.status) && !this.refused;
  }
}

export class Api {
  #base;

  constructor(base) {
    this.#base = `${base}/api/v1/conversations`;
  }

  async create() {
    const { conversation_id: id, token } = await this.#request("", { body: { channel: "web" } });
    return { id, token };
  }

  send({ id, token }, { client_id, text }) {
    return this.#request(`/${id}/messages`, { token, body: { client_id, text } });
  }

  /** Messages after `after`; the server may hold the answer for `wait` seconds until there are some. */
  fetchAfter({ id, token }, after, wait, signal) {
    return this.#request(`/${id}/messages?after=${after}&wait=${wait}`, {
      token, signal, timeout: ANSWER_WITHIN_MS + wait * 1000,
    });
  }

  rate({ id, token }, score, comment) {
    return this.#request(`/${id}/rating`, { token, body: { score, ...(comment && { comment }) } });
  }

  tickets({ id, token }) {
    return this.#request(`/${id}/tickets`, { token });
  }

  bindings({ id, token }) {
    return this.#request(`/${id}/bindings`, { token });
  }

  /** A code for the 公众号. */
  offerBinding({ id, token }) {
    return this.#request(`/${id}/bindings`, { token, method: "POST" });
  }

  /** Joins the conversation with the one in which a link was given. */
  bind({ id, token }, link) {
    return this.#request(`/${id}/bindings`, { token, method: "PUT", body: { token: link } });
  }

  unbind({ id, token }) {
    return this.#request(`/${id}/bindings`, { token, method: "DELETE" });
  }

  /** Sends a file; `told` hears how much of it has gone, from 0 to 1. */
  upload({ id, token }, { client_id, file }, told) {
    const form = new FormData();
    form.append("client_id", client_id);
    form.append("file", file, file.name);
    return new Promise((resolve, reject) => {
      // fetch does not tell how much it has sent.
      const request = new XMLHttpRequest();
      request.open("POST", `${this.#base}/${id}/attachments`);
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.responseType = "json";
      request.timeout = UPLOAD_WITHIN_MS;
      request.upload.onprogress = ({ loaded, total }) => told(total ? loaded / total : 0);
      request.onload = () => {
        if (request.status < 300 && request.response) resolve(request.response);
        else reject(new ApiError(request.status, request.response?.error?.message));
      };
      request.onerror = request.ontimeout = () => reject(new ApiError(0));
      request.send(form);
    });
  }

  /** A file of the conversation, as a Blob. */
  async file({ id, token }, file) {
    const response = await fetch(`${this.#base}/${id}/attachments/${file}`, {
      headers: { Authorization: `Bearer ${token}` }, credentials: "omit",
    });
    if (!response.ok) throw new ApiError(response.status);
    return response.blob();
  }

  socket({ id, token }, after) {
    const address = `${this.#base.replace(/^http/, "ws")}/${id}/socket?after=${after}`;
    return new WebSocket(address, ["anfu", token]);
  }

  async #request(path, { token, body, signal, method = body ? "POST" : "GET", timeout = ANSWER_WITHIN_MS }) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeout);
    signal?.addEventListener("abort", () => stop.abort(), { once: true });
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers: {
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && { "Content-Type": "application/json" }),
        },
        body: body && JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: stop.signal,
      });
      const answer = await response.json().catch(() => null);
      if (response.ok && answer) return answer;
      const seconds = Number(response.headers.get("Retry-After"));
      const status = response.ok ? 0 : response.status;
      // An OK that is not JSON comes from something in between (a captive portal): as good as no answer.
      throw new ApiError(status, answer?.error?.message, seconds > 0 ? seconds * 1000 : null);
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError(0);
    } finally {
      clearTimeout(timer);
    }
  }
}
