// The page's own routes: the wrist, the endpoint's switch, the audit trail, the verifier.

/** The JSON answer, or an error with the server's sentence. */
export async function read(path) {
  return answer(await fetch(path, { cache: "no-store" }));
}

/** Posts JSON. */
export async function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answer(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function answer(response) {
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    // Not ours: the status line is all there is to say.
  }
  if (!response.ok) throw new Error(body?.Message ?? `${response.status} ${response.statusText}`);
  return body;
}
