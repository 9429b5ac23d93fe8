// Sign-in by passkey. The page says by data-ceremony which one it is; the invitation stands behind the # of its address.
"use strict";

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail + "; " + said.remedy);
  return said;
}

async function register() {
  const begun = await post("/auth/passkey/register/begin", {token: location.hash.slice(1)});
  const made = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(begun.options),
  });
  return post("/auth/passkey/register/finish", {flow: begun.flow, credential: made.toJSON()});
}

async function login() {
  const begun = await post("/auth/passkey/login/begin", {});
  const shown = await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(begun.options),
  });
  return post("/auth/passkey/login/finish", {flow: begun.flow, credential: shown.toJSON()});
}

const button = document.querySelector("[data-ceremony]");
const status = document.querySelector("[role=status]");
button?.addEventListener("click", async () => {
  button.disabled = true;
  status.textContent = "Waiting for your passkey …";
  try {
    const said = await (button.dataset.ceremony === "register" ? register() : login());
    location.assign(said.next);
  } catch (problem) {
    status.textContent = problem.message;
    button.disabled = false;
  }
});

// The code of a one-time link stands behind the # of its address. It is put into the field and taken out of the address; a
// person sends it.
const code = document.querySelector("#code");
if (code && location.hash.length > 1) {
  code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  document.querySelector("#sign-in").focus();
}
