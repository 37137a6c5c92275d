/* Keeps what is written in a form in this browser, under its owner, until it is sent. Needs portal.js.

   <form data-draft="NAME" data-owner="USER_ID">
     <p role="status" data-draft-status data-text-saved="… {time}" data-text-restored="…" data-text-offered="…">
     <button type="button" data-draft-take hidden> <button type="button" data-draft-clear hidden>
   The page that follows carries data-draft-done="NAME" data-owner="USER_ID" (portal.js). A form that the server refused, or
   has kept over a sign-in (data-kept), stays as the server sent it. A draft that was written before signing in is nobody's: who
   has none is asked whether it is theirs, and it becomes theirs when they send the form over the sign-in. A secret field
   (data-secret) and one with autocomplete="off" are not kept. Event "draft-restored" on the form: detail = {fields, photos: [{key, url}]}. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var form = cp.one('form[data-draft]');
  if (!form) { return; }

  var NEVER_KEPT = ['csrf_token', 'photo_key'];
  var NO_VALUE = ['file', 'submit', 'button', 'fieldset', 'password', 'search'];
  var SAVE_AFTER_MS = 600;
  var NOBODYS = 'draft:' + form.dataset.draft + ':';
  var key = NOBODYS + form.dataset.owner;
  var status = cp.one('[data-draft-status]', form);
  var take = cp.one('[data-draft-take]', form);
  var clear = cp.one('[data-draft-clear]', form);
  var ready = false;
  var later = 0;

  function isBox(field) { return field.type === 'radio' || field.type === 'checkbox'; }
  function fields() {
    return Array.prototype.filter.call(form.elements, function (field) {
      return field.name && NO_VALUE.indexOf(field.type) < 0 && NEVER_KEPT.indexOf(field.name) < 0
        && !('secret' in field.dataset) && field.autocomplete !== 'off';
    });
  }
  function values() {
    var kept = Object.create(null);
    fields().forEach(function (field) {
      kept[field.name] = kept[field.name] || [];
      if (!isBox(field) || field.checked) { kept[field.name].push(field.value); }
    });
    return kept;
  }
  function photos() {
    return cp.all('[data-photo]', form).filter(function (tile) { return cp.one('input', tile); }).map(function (tile) {
      var picture = cp.one('img', tile);
      return { key: cp.one('input', tile).value, url: picture.dataset.kept || picture.src };
    });
  }

  function save() {
    later = 0;
    var draft = JSON.stringify({ fields: values(), photos: photos() });
    try {
      if (localStorage.getItem(key) === draft) { return; }
      localStorage.setItem(key, draft);
    } catch (error) { return; }
    status.textContent = status.dataset.textSaved.replace('{time}',
      new Date().toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' }));
    take.hidden = true;
    clear.hidden = false;
  }
  function read(from) {
    try { return JSON.parse(localStorage.getItem(from)); } catch (error) { return null; }
  }
  function forget(from) {
    try { localStorage.removeItem(from); } catch (error) { /* none is kept */ }
  }
  function move() {
    try { localStorage.setItem(key, localStorage.getItem(NOBODYS)); } catch (error) { return; }
    forget(NOBODYS);
  }
  function offer() {
    status.textContent = status.dataset.textOffered;
    take.hidden = false;
    clear.hidden = false;
  }
  function restore(draft) {
    var used = Object.create(null);
    fields().forEach(function (field) {
      var kept = draft.fields[field.name];
      if (!kept) { return; }
      used[field.name] = used[field.name] || 0;
      if (isBox(field)) {
        field.checked = kept.indexOf(field.value) >= 0;
      } else if (used[field.name] < kept.length) {
        field.value = kept[used[field.name]];
        used[field.name] += 1;
      }
    });
    form.dispatchEvent(new CustomEvent('draft-restored', { detail: draft }));
    status.textContent = status.dataset.textRestored;
    take.hidden = true;
    clear.hidden = false;
  }
  function saveSoon() {
    if (!ready) { return; }
    clearTimeout(later);
    later = setTimeout(save, SAVE_AFTER_MS);
  }

  form.addEventListener('input', saveSoon);
  form.addEventListener('change', saveSoon);
  /* The last words are kept too; the page that follows a sent form forgets them. */
  addEventListener('pagehide', function () {
    if (later) { clearTimeout(later); save(); }
  });
  clear.addEventListener('click', function () {
    clearTimeout(later);
    later = 0;
    forget(take.hidden ? key : NOBODYS);
    location.replace(location.pathname + location.search);
  });
  take.addEventListener('click', function () {
    move();
    restore(read(key));
  });
  /* The other files have begun to listen by then. */
  document.addEventListener('DOMContentLoaded', function () {
    var kept = 'kept' in form.dataset;
    var refused = kept || cp.one('.is-invalid, .err:not([hidden]), .err-summary', form) !== null;
    var draft = read(key);
    var nobodys = key !== NOBODYS && !draft && read(NOBODYS);
    if (nobodys && kept) { move(); }
    if (draft && !refused) { restore(draft); }
    if (nobodys && !refused) { offer(); }
    ready = true;
  });
})();
