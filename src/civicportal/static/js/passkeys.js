/* Passkeys (WebAuthn). An ES module.

   <form data-passkey="PURPOSE" data-options="URL" data-text-given-up="…" data-text-known="…" data-text-failed="…" data-text-missing="…">
     <input type="hidden" name="credential"> <button type="button" data-passkey-begin> <p role="alert" data-passkey-problem hidden>
   POST URL (csrf_token, for=PURPOSE) → the options for the authenticator; its answer goes into the form, which is sent.
   Where the browser has no passkeys the button is gone and the reason stands there. */

const fromBase64 = (text) => {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};
const toBase64 = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');
const withIds = (list) => (list || []).map((one) => ({ ...one, id: fromBase64(one.id) }));

function decoded(options) {
  const found = { ...options, challenge: fromBase64(options.challenge) };
  if (options.user) {
    found.user = { ...options.user, id: fromBase64(options.user.id) };
    found.excludeCredentials = withIds(options.excludeCredentials);
  } else {
    found.allowCredentials = withIds(options.allowCredentials);
  }
  return found;
}

function encoded(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: toBase64(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = toBase64(response.attestationObject);
    answer.transports = response.getTransports ? response.getTransports() : [];
  } else {
    answer.authenticatorData = toBase64(response.authenticatorData);
    answer.signature = toBase64(response.signature);
    answer.userHandle = response.userHandle ? toBase64(response.userHandle) : null;
  }
  return JSON.stringify({
    id: credential.id,
    rawId: toBase64(credential.rawId),
    type: credential.type,
    response: answer,
  });
}

async function asked(form) {
  const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, for: form.dataset.passkey });
  const headers = { 'X-Requested-With': 'XMLHttpRequest' };
  const answer = await fetch(form.dataset.options, { method: 'POST', headers, body });
  if (answer.ok) {
    return decoded(await answer.json());
  }
  /* The proof or the session is too old: the page itself leads on. */
  if (answer.status === 401 || answer.status === 403) {
    location.reload();
  }
  const told = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(told.message || ''), { told: told.message });
}

function words(form, problem) {
  if (problem.told) {
    return problem.told;
  }
  if (problem.name === 'NotAllowedError' || problem.name === 'AbortError') {
    return form.dataset.textGivenUp;
  }
  return problem.name === 'InvalidStateError' ? form.dataset.textKnown : form.dataset.textFailed;
}

async function begin(form, button, place) {
  const isNew = form.dataset.passkey === 'register';
  button.disabled = true;
  place.hidden = true;
  try {
    const publicKey = await asked(form);
    const credentials = navigator.credentials;
    const credential = await (isNew ? credentials.create({ publicKey }) : credentials.get({ publicKey }));
    form.elements.credential.value = encoded(credential);
    form.requestSubmit();
  } catch (problem) {
    place.textContent = words(form, problem);
    place.hidden = false;
    button.disabled = false;
  }
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const button = form.querySelector('[data-passkey-begin]');
  const place = form.querySelector('[data-passkey-problem]');
  if (window.PublicKeyCredential) {
    button.addEventListener('click', () => begin(form, button, place));
  } else {
    button.hidden = true;
    place.textContent = form.dataset.textMissing;
    place.hidden = false;
  }
}
/* A page that the browser has kept for the way back holds an answer that counts no more. */
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.elements.credential.value = '';
    form.querySelector('[data-passkey-begin]').disabled = false;
  }
});
