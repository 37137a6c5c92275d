/* Keeps what is written in a form in this browser, under its owner, until it is sent..

   <form data-draft="NAME" data-owner="USER_ID">
     <p role="status" data-draft-status data-text-saved="… {time}" data-text-restored="…" data-text-offered="…">
     <button type="button" data-draft-take hidden> <button type="button" data-draft-clear hidden>
   The page that follows carries data-draft-done="NAME" data-owner="USER_ID" (portal.js). A form that the server refused, or
   has kept over a sign-in (data-kept), stays as the server sent it. A draft that was written before signing in is nobody's: who
   has none is asked whether it is theirs, and it becomes theirs when they send the form over the sign-in. A secret field
   (data-secret) and one with autocomplete="off" are not kept. Event "draft-done" from the form: it is in the queue, or sent. Event "draft-restored" on the form: detail = {fields, photos: [{field, key, url}]}.
   Pictures that were not sent yet are kept by the worker of the queue, and come back by the event "draft-photos" of the form,
   {photos: [{field, blob}]}; where there is no worker, the draft says that they are not kept (data-text-unkept). */
import { all, one } from './page.js';
import { ask } from './queue.js';

const NEVER_KEPT = ['csrf_token', 'queue_key'];
const NO_VALUE = ['file', 'submit', 'button', 'fieldset', 'password', 'search'];
const SAVE_AFTER_MS = 600;

function isBox(field) {
  return field.type === 'radio' || field.type === 'checkbox';
}
function fieldsOf(form) {
  return Array.prototype.filter.call(
    form.elements,
    (field) =>
      field.name &&
      NO_VALUE.indexOf(field.type) < 0 &&
      NEVER_KEPT.indexOf(field.name) < 0 &&
      !('secret' in field.dataset) &&
      !field.closest('[data-photos]') &&
      field.autocomplete !== 'off',
  );
}
/* Fill in a form: the values of each field by its name. */
export function fillForm(form, values) {
  const used = Object.create(null);
  fieldsOf(form).forEach((field) => {
    const kept = values[field.name];
    if (!kept) {
      return;
    }
    used[field.name] = used[field.name] || 0;
    if (isBox(field)) {
      field.checked = kept.indexOf(field.value) >= 0;
    } else if (used[field.name] < kept.length) {
      field.value = kept[used[field.name]];
      used[field.name] += 1;
    }
  });
}

function keepDraft(form) {
  const NOBODYS = `draft:${form.dataset.draft}:`;
  const key = NOBODYS + form.dataset.owner;
  const status = one('[data-draft-status]', form);
  const take = one('[data-draft-take]', form);
  const clear = one('[data-draft-clear]', form);
  let ready = false;
  let later = 0;
  let stored = null; /* the pictures that the worker has; null before it has been asked */

  function values() {
    const kept = Object.create(null);
    fieldsOf(form).forEach((field) => {
      kept[field.name] = kept[field.name] || [];
      if (!isBox(field) || field.checked) {
        kept[field.name].push(field.value);
      }
    });
    return kept;
  }
  function photos() {
    return all('[data-photo]', form)
      .filter((tile) => one('input', tile))
      .map((tile) => {
        const picture = one('img', tile);
        const field = one('input', tile);
        return { field: field.name, key: field.value, url: picture.dataset.kept || picture.src };
      });
  }

  /* Keep the pictures that have not been sent; without a place for them the draft says so. */
  function keepUnsent() {
    if (!stored) {
      return;
    }
    const files = [];
    form.dispatchEvent(new CustomEvent('queue-files', { detail: files }));
    const unsent = files.filter((file) => !file.value && file.blob).map(({ field, blob }) => ({ field, blob }));
    if (stored.length === unsent.length && unsent.every(({ blob }, place) => blob === stored[place].blob)) {
      return;
    }
    stored = unsent;
    ask('keepDraft', { name: key, files: unsent }).catch(() => {
      if (unsent.length) {
        status.textContent = status.dataset.textUnkept;
      }
    });
  }
  /* Bring back the pictures of a draft that were not sent, or delete them where the form does not show the draft. */
  async function bring(name, isShown) {
    const { files } = await ask('draft', { name }).catch(() => ({ files: [] }));
    if (files.length && (name !== key || !isShown)) {
      ask('keepDraft', { name, files: [] }).catch(() => {});
    }
    stored = stored || [];
    if (isShown && files.length) {
      form.dispatchEvent(new CustomEvent('draft-photos', { detail: { photos: files } }));
    }
  }
  function save() {
    later = 0;
    keepUnsent();
    const draft = JSON.stringify({ fields: values(), photos: photos() });
    try {
      if (localStorage.getItem(key) === draft) {
        return;
      }
      localStorage.setItem(key, draft);
    } catch {
      return;
    }
    status.textContent = status.dataset.textSaved.replace(
      '{time}',
      new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' }),
    );
    take.hidden = true;
    clear.hidden = false;
  }
  function read(from) {
    try {
      return JSON.parse(localStorage.getItem(from));
    } catch {
      return null;
    }
  }
  function forget(from) {
    try {
      localStorage.removeItem(from);
    } catch {
      /* none is kept */
    }
  }
  function move() {
    try {
      localStorage.setItem(key, localStorage.getItem(NOBODYS));
    } catch {
      return;
    }
    forget(NOBODYS);
  }
  function offer() {
    status.textContent = status.dataset.textOffered;
    take.hidden = false;
    clear.hidden = false;
  }
  function restore(draft) {
    fillForm(form, draft.fields);
    form.dispatchEvent(new CustomEvent('draft-restored', { detail: draft }));
    status.textContent = status.dataset.textRestored;
    take.hidden = true;
    clear.hidden = false;
  }
  function saveSoon() {
    if (!ready) {
      return;
    }
    clearTimeout(later);
    later = setTimeout(save, SAVE_AFTER_MS);
  }

  form.addEventListener('input', saveSoon);
  form.addEventListener('change', saveSoon);
  form.addEventListener('draft-done', () => {
    clearTimeout(later);
    later = 0;
    ready = false;
    forget(key);
    ask('keepDraft', { name: key, files: [] }).catch(() => {});
  });
  /* The last words are kept too; the page that follows a sent form forgets them. */
  addEventListener('pagehide', () => {
    if (later) {
      clearTimeout(later);
      save();
    }
  });
  clear.addEventListener('click', () => {
    clearTimeout(later);
    later = 0;
    const name = take.hidden ? key : NOBODYS;
    forget(name);
    ask('keepDraft', { name, files: [] })
      .catch(() => {})
      .then(() => location.replace(location.pathname + location.search));
  });
  take.addEventListener('click', () => {
    move();
    restore(read(key));
    bring(NOBODYS, true);
  });
  /* The other files have begun to listen by then. */
  document.addEventListener('DOMContentLoaded', () => {
    const kept = 'kept' in form.dataset;
    const refused = kept || one('.is-invalid, .err:not([hidden]), .err-summary', form) !== null;
    const draft = read(key);
    const nobodys = key !== NOBODYS && !draft && read(NOBODYS);
    if (nobodys && kept) {
      move();
    }
    if (draft && !refused) {
      restore(draft);
    }
    /* Without its words a draft was sent, or never kept. */
    bring(key, Boolean(draft));
    if (nobodys && kept) {
      bring(NOBODYS, true);
    }
    if (nobodys && !refused) {
      offer();
    }
    ready = true;
  });
}

const draftForm = one('form[data-draft]');
/* An entry of the queue is its own draft. */
if (draftForm && !new URL(location.href).searchParams.has('entry')) {
  keepDraft(draftForm);
}
