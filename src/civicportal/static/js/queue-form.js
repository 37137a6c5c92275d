/* A form that can be sent without a network: it waits in the queue of this browser, see queue.js. Comes after the
   scripts that check the form.

   <form data-queue data-queue-set="NAME=VALUE" data-queue-never="NAME=VALUE"> with data-draft and widgets.queue_status,
   which says whose it is
     [data-queue-title], [data-queue-text]   their words name an entry of the queue and say what is in it; without
       the second, the words of its text areas do
   data-queue-set: a field that an entry carries, since no page with a question can be shown while it is sent.
   data-queue-never: the form is not queued while a field has this value, for instance because the answer is shown once.
   A field for files takes part by the event "queue-files": detail takes {field, value, files, blob}, the blob if this page
   has it, the value if the server has it.
   With ?entry=KEY in the address the page edits an entry: its fields and pictures are filled in like a draft (event
   "draft-restored", {field, blob} of pictures), and what the server has said of it is shown. */
import { fillForm } from './draft.js';
import { all, icon, one } from './page.js';
import { ask, isPossible, works } from './queue.js';

const NEVER_SENT = ['csrf_token', 'queue_key', 'root', 'allowed', 'noticed', 'challenge_ticket', 'challenge_answer'];
const KEY_LETTERS = 22;
const SAVE_AFTER_MS = 600;

function setUp(form) {
  const status = one('[data-queue-status]', form);
  const texts = status.dataset;
  const set = form.dataset.queueSet?.split('=');
  const never = form.dataset.queueNever?.split('=');
  let entry = null; /* the entry that this page edits */
  let fixed = Boolean(one('[name=queue_key]', form)); /* the server has sent the form back with its key */
  let state = ''; /* keyed: submitted once more with its key; posting: by the page itself; queued */
  let touched = false;
  let later = 0;

  function say(text, isBad) {
    one('[data-queue-words]', status).textContent = text || '';
    status.hidden = !text;
    status.classList.toggle('warn', Boolean(isBad));
  }
  function isCut() {
    return navigator.onLine === false || 'kept' in document.body.dataset;
  }
  function mayWait() {
    return !never || new FormData(form).get(never[0]) !== never[1];
  }
  function sayWhereItGoes() {
    if (!entry && isCut() && works()) {
      say(mayWait() ? texts.textCut : texts.textNever, !mayWait());
    } else if (!entry) {
      say('');
    }
  }

  /* ---------- what is sent ---------- */
  function fields() {
    return Array.from(new FormData(form)).filter(
      ([name, value]) => typeof value === 'string' && NEVER_SENT.indexOf(name) < 0 && name !== set?.[0],
    );
  }
  function files() {
    const found = [];
    form.dispatchEvent(new CustomEvent('queue-files', { detail: found }));
    return found;
  }
  function keyField() {
    return one('[name=queue_key]', form);
  }
  /* → the idempotency key of what is sent: the same form sent again has the same one. */
  async function digest() {
    const words = JSON.stringify(fields());
    const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(words)));
    return btoa(String.fromCharCode(...bytes))
      .replace(/\+/g, '-')
      .replace(/\//g, '_')
      .slice(0, KEY_LETTERS);
  }
  function setKey(key) {
    const field = keyField() || document.createElement('input');
    field.type = 'hidden';
    field.name = 'queue_key';
    field.value = key;
    form.append(field);
  }
  function words(selector) {
    return all(selector, form)
      .map((part) => (part.matches('textarea') ? part.value : part.textContent).replace(/\s+/g, ' ').trim())
      .filter(Boolean);
  }
  function written(key) {
    const attached = files();
    const names = attached.map((file) => file.field);
    const shown = words('[data-queue-text]');
    const sent = attached.filter((file) => !file.blob).map((file) => [file.field, file.value]);
    return {
      key,
      owner: texts.owner,
      action: form.action,
      page: location.pathname,
      title: words('[data-queue-title]')[0] || document.title,
      lines: shown.length ? shown : words('textarea'),
      fields: [...fields().filter(([name]) => names.indexOf(name) < 0), ...sent, ...(set ? [set] : [])],
      files: attached.filter((file) => file.blob).map((file) => ({ name: file.files, blob: file.blob })),
    };
  }

  /* ---------- into the queue ---------- */
  async function queue(unsure) {
    const key = fixed || entry || unsure ? keyField().value : await digest();
    const answer = await ask('add', { entry: { ...written(key), unsure: Boolean(unsure) } });
    state = 'queued';
    navigator.storage?.persist?.();
    form.dispatchEvent(new Event('draft-done'));
    location.assign(answer.entry.state === 'sent' ? answer.entry.location : `${texts.queueUrl}#${key}`);
  }
  function failed(error) {
    const found = error.message === 'QuotaExceededError' ? texts.textFull : texts.textNone;
    state = '';
    say(mayWait() ? found : texts.textNever, true);
    status.scrollIntoView({ block: 'center' });
  }
  /* What may not wait is sent by this page, if there is a network now; until it has arrived the draft has it. A page that
     was kept gets the token of today, and an entry leaves the queue. */
  async function sendNow(button) {
    const answered = await fetch(`${texts.queueUrl}/session`, { cache: 'no-store' });
    const { token } = await answered.json();
    if (files().some((file) => !file.value)) {
      throw new Error('a picture is missing');
    }
    if (entry && (await ask('remove', { key: entry.key })).busy) {
      say(texts.textBusy, true);
      return;
    }
    entry = null;
    keyField()?.remove();
    one('[name=csrf_token]', form).value = token;
    state = 'posting';
    form.requestSubmit(button);
  }
  form.addEventListener('submit', (e) => {
    if (e.defaultPrevented) {
      return;
    }
    if (!works()) {
      say(isCut() ? texts.textNone : '', true);
      return;
    }
    if (!mayWait()) {
      if (state !== 'posting' && (isCut() || entry || files().some((file) => !file.value))) {
        e.preventDefault();
        sendNow(e.submitter).catch(failed);
      } else {
        keyField()?.remove();
      }
      return;
    }
    if (isCut() || files().some((file) => !file.value)) {
      e.preventDefault();
      queue().catch(failed);
    } else if (fixed || entry || state === 'keyed') {
      state = 'posting';
      if (entry) {
        ask('posting', { key: entry.key }).catch(() => {});
      }
    } else {
      e.preventDefault();
      const button = e.submitter;
      digest().then((key) => {
        setKey(key);
        state = 'keyed';
        /* A form cannot be submitted again before the listeners of this event are done. */
        setTimeout(() => form.requestSubmit(button));
      });
    }
  });
  /* The network has gone while the page sent it: perhaps it has arrived. */
  form.addEventListener('unsent', (e) => {
    state = '';
    if (works() && mayWait()) {
      e.preventDefault();
      queue(true).catch(failed);
    }
  });

  /* ---------- an entry is edited ---------- */
  function save() {
    clearTimeout(later);
    later = 0;
    if (entry && touched && !state) {
      ask('add', { entry: written(entry.key), editing: true }).catch(() => {});
    }
  }
  function change(e) {
    if (e.target.name === never?.[0]) {
      sayWhereItGoes();
    }
    if (entry && e.isTrusted) {
      touched = true;
      clearTimeout(later);
      later = setTimeout(save, SAVE_AFTER_MS);
    }
  }
  function hidden([name, value]) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    field.value = value;
    return field;
  }
  function showError(error) {
    const field = error.id && document.getElementById(error.id);
    if (!field) {
      return null;
    }
    const box = field.closest('[data-field]') || field;
    const names = all('[name]', box).map((control) => control.name);
    const told = document.createElement('p');
    told.className = 'err';
    told.dataset.mendedBy = [...new Set(field.name ? [field.name, ...names] : names)].join(' ');
    told.append(icon('alert-circle'), error.message, ...(error.carried || []).map(hidden));
    if (box === field && !field.name) {
      box.prepend(told);
    } else if (box === field) {
      box.after(told);
    } else {
      /* Inside: the server's answer about the field takes its place. */
      box.append(told);
    }
    return told;
  }
  function fill(found) {
    const draft = Object.create(null);
    found.fields.forEach(([name, value]) => {
      draft[name] = [...(draft[name] || []), value];
    });
    fillForm(form, draft);
    const names = all('[data-photos]', form).map((part) => part.dataset.name);
    const photos = [
      ...found.files.map((file) => ({ field: file.name.replace(/_files$/, ''), blob: file.blob })),
      ...names.flatMap((field) =>
        (draft[field] || []).map((key) => ({ field, key, url: `${texts.pictures}/${key}/small` })),
      ),
    ];
    form.dispatchEvent(new CustomEvent('draft-restored', { detail: { fields: draft, photos } }));
    all('textarea', form).forEach((field) => {
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    form.dispatchEvent(new Event('change', { bubbles: true }));
    setKey(found.key);
  }
  function edit(found) {
    const errors = (found.errors || []).map((error) => [showError(error), error]);
    const general = errors.filter(([told]) => !told).map(([, error]) => error.message);
    const first = errors.find(([told]) => told)?.[0];
    const step = first?.closest('[data-step]');
    say(
      [found.message, ...general].filter(Boolean).join(' ') || texts.textEditing,
      Boolean(errors.length || found.message),
    );
    location.hash = step ? step.dataset.step : all('[data-step]', form).length || '';
    if (first) {
      first.tabIndex = -1;
      first.focus();
    }
  }
  async function open(key, isAsked) {
    const answer = await ask('open', { key });
    if (answer.busy) {
      say(texts.textBusy, true);
    } else if (!answer.entry || answer.entry.state === 'sent') {
      if (isAsked) {
        say(texts.textGone, true);
      }
      fixed = false;
    } else {
      entry = answer.entry;
      if (isAsked) {
        fill(entry);
        edit(entry);
      }
    }
  }
  form.addEventListener('input', change);
  form.addEventListener('change', change);
  addEventListener('pagehide', () => {
    if (later) {
      save();
    } else if (entry && !touched && !state) {
      ask('leave', { key: entry.key }).catch(() => {});
    }
  });
  addEventListener('pageshow', (e) => {
    if (e.persisted) {
      state = '';
    }
  });
  navigator.serviceWorker?.ready.then(sayWhereItGoes);
  addEventListener('online', sayWhereItGoes);
  addEventListener('offline', sayWhereItGoes);

  /* A page that was kept has the same key as every other time it was opened. */
  const once = one('[name=key]', form);
  if (once && 'kept' in document.body.dataset) {
    once.value = crypto.randomUUID().replaceAll('-', '').slice(0, KEY_LETTERS);
  }
  const asked = new URL(location.href).searchParams.get('entry');
  const given = asked || keyField()?.value;
  sayWhereItGoes();
  if (given && isPossible) {
    addEventListener('DOMContentLoaded', () => {
      open(given, Boolean(asked)).catch(() => say(texts.textNone, true));
    });
  }
}

const queueForm = one('form[data-queue]');
if (queueForm) {
  setUp(queueForm);
}
