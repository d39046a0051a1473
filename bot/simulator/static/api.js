// Talking to the simulator.

/** The state, as soon as it is newer than `version`. */
export async function nextState(version) {
  const answer = await fetch(`/simulator/state?after=${version}`);
  if (!answer.ok) throw new Error(`模拟器回答 ${answer.status}`);
  return answer.json();
}

/** Asks the simulator to do something; the words of a refusal become the error's. */
export async function ask(path, body) {
  return read(await fetch(`/simulator/${path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
  }));
}

/** Sends a file of a customer. */
export async function sendFile(fields, file, name) {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  form.set("file", file, name);
  return read(await fetch("/simulator/file", { method: "POST", body: form }));
}

async function read(answer) {
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.message || `模拟器回答 ${answer.status}`);
  return said;
}
