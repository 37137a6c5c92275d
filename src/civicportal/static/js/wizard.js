/* One long form, shown step by step. Needs portal.js; draft.js comes before it. Without a script the form is simply long.

   <form data-wizard novalidate>
     <ol class="steps"><li>…                      names of the steps
     <p aria-live="polite" data-wizard-live data-text="Step {number} of {count}: {name}">
     <section data-step="1"> … <h1> …             fields; a hidden one is checked with data-required
       <p class="err" data-error-for="FIELD" id hidden>
     <button type="button" data-prev>
     <button type="submit" data-next data-text-next data-text-send><span data-next-text>
     <fieldset data-when="FIELD=VALUE">           asked only while the radio button is chosen
     <… data-review="FIELD">                      what is filled in, in the digits of the page; sent as it was typed
     <… data-review-photos>  <a href="#2">
     <div data-fragment-url="URL" data-fields="category lat lon" aria-live="polite">

   The step stands in the address (#2), so that the browser's Back goes one step back; what else an address names is shown with
   the step that it lies in. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var form = cp.one('[data-wizard]');
  if (!form) { return; }

  var sections = cp.all('[data-step]', form);
  var marks = cp.all('.steps li', form);
  var nextButton = cp.one('[data-next]', form);
  var names = marks.map(function (mark) { return mark.textContent; });
  var at = 1;

  /* ---------- steps ---------- */
  function show(step, first) {
    var last = step === sections.length;
    at = step;
    sections.forEach(function (section, index) { section.hidden = index !== step - 1; });
    marks.forEach(function (mark, index) {
      mark.classList.toggle('done', index < step - 1);
      if (index === step - 1) { mark.setAttribute('aria-current', 'step'); } else { mark.removeAttribute('aria-current'); }
    });
    cp.one('[data-prev]', form).hidden = step === 1;
    cp.one('[data-next-text]', nextButton).textContent = last ? nextButton.dataset.textSend : nextButton.dataset.textNext;
    if (last) { review(); }
    if (!first) { announce(step); }
    document.dispatchEvent(new Event('relayout'));
  }

  function announce(step) {
    var live = cp.one('[data-wizard-live]', form);
    var heading = cp.one('h1', sections[step - 1]);
    live.textContent = live.dataset.text.replace('{number}', cp.number(step))
      .replace('{count}', cp.number(sections.length)).replace('{name}', names[step - 1]);
    scrollTo(0, 0);
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  /* What the address names: a step, or a place on the page, as the skip link and the list of errors do. */
  function place() { return /^#?\d*$/.test(location.hash) ? null : document.getElementById(location.hash.slice(1)); }
  function stepOf(element) { return sections.indexOf(element.closest('[data-step]')) + 1; }
  function wanted() {
    return Math.max(1, Math.min(sections.length, Number(location.hash.slice(1)) || 1));
  }
  /* The address names the step that is shown: another one leads to it only if it is another address. */
  function go(step, first) {
    show(step, first);
    if (place() || wanted() !== step) { history.replaceState(null, '', '#' + step); }
  }
  function reveal(element) {
    var step = stepOf(element);
    if (!step) { return; }
    if (step !== at) { show(step, true); }
    element.focus();
  }

  /* Nobody lands behind a step that is not filled in. */
  function reachable(step) {
    for (var index = 0; index < step - 1; index += 1) {
      if (invalid(sections[index]).length) { return index + 1; }
    }
    return step;
  }

  function firstWithError() {
    return sections.findIndex(function (section) {
      return cp.one('.is-invalid, .err:not([hidden])', section) !== null;
    }) + 1;
  }

  /* ---------- checks ---------- */
  function invalid(section) {
    return cp.all('input, textarea, select', section).filter(function (field) {
      if (field.type === 'hidden') { return 'required' in field.dataset && !field.value; }
      return !field.matches(':disabled') && (!field.checkValidity() || tooShort(field));
    });
  }
  /* The browser checks minlength only after typing. */
  function tooShort(field) {
    return field.minLength > 0 && field.value !== '' && field.value.trim().length < field.minLength;
  }

  function mark(section, fields) {
    cp.all('[data-error-for]', section).forEach(function (message) {
      var name = message.dataset.errorFor;
      message.hidden = fields.every(function (field) { return field.name !== name; });
      cp.all('[name="' + name + '"]', section).forEach(function (field) { describe(field, message); });
    });
    cp.all('.form-control, .form-select', section).forEach(function (field) {
      var wrong = fields.indexOf(field) >= 0;
      field.classList.toggle('is-invalid', wrong);
      if (wrong) { field.setAttribute('aria-invalid', 'true'); } else { field.removeAttribute('aria-invalid'); }
    });
  }

  /* A message that is shown belongs to its field; that of radio buttons to their group. */
  function describe(field, message) {
    var told = /^(radio|checkbox)$/.test(field.type) && field.closest('fieldset') || field;
    var ids = (told.getAttribute('aria-describedby') || '').split(' ').filter(function (id) { return id && id !== message.id; });
    if (!message.hidden) { ids.push(message.id); }
    if (ids.length) { told.setAttribute('aria-describedby', ids.join(' ')); } else { told.removeAttribute('aria-describedby'); }
  }

  /* What is not shown takes no focus: then the message does. */
  function focusOn(name, fields, section) {
    var shown = fields.find(function (field) { return field.name === name && field.getClientRects().length; });
    var message = cp.one('[data-error-for="' + name + '"]', section);
    if (shown) { shown.focus(); return; }
    if (message) { message.tabIndex = -1; message.focus(); }
  }

  form.addEventListener('submit', function (e) {
    var section = sections[at - 1];
    var wrong = invalid(section);
    mark(section, wrong);
    if (wrong.length) {
      e.preventDefault();
      focusOn(wrong[0].name, wrong, section);
    } else if (at < sections.length) {
      e.preventDefault();
      location.hash = at + 1;
    }
  });
  cp.one('[data-prev]', form).addEventListener('click', function () { location.hash = at - 1; });
  addEventListener('hashchange', function () {
    if (place()) { reveal(place()); } else { go(reachable(wanted())); }
  });

  /* ---------- what is asked of some only ---------- */
  function ask() {
    cp.all('[data-when]', form).forEach(function (part) {
      var wanted = part.dataset.when.split('=');
      var off = !cp.all('[name="' + wanted[0] + '"]:checked', form).some(function (field) { return field.value === wanted[1]; });
      part.disabled = off;
      part.hidden = off;
    });
  }
  form.addEventListener('change', ask);

  /* ---------- review ---------- */
  function words(name) {
    var chosen = cp.all('[name="' + name + '"]', form).filter(function (field) {
      return !field.matches(':disabled') && (['radio', 'checkbox'].indexOf(field.type) < 0 || field.checked);
    });
    var parts = chosen.map(function (field) {
      if (field.tagName === 'SELECT') { return field.selectedOptions[0].textContent; }
      if (['radio', 'checkbox'].indexOf(field.type) < 0) { return cp.written(field.value); }
      return (cp.one('.strong', field.labels[0]) || field.labels[0]).textContent;
    });
    return new Intl.ListFormat(document.documentElement.lang).format(parts);
  }
  function review() {
    cp.all('[data-review]', form).forEach(function (place) { place.textContent = words(place.dataset.review); });
    cp.all('[data-review-photos]', form).forEach(function (place) {
      place.replaceChildren.apply(place, cp.all('[data-photo]:not(.failed) img', form).map(function (picture) {
        var copy = picture.cloneNode();
        copy.className = 'thumb sm';
        return copy;
      }));
    });
  }

  /* ---------- what the server knows about a choice: the near reports, the name of the place ---------- */
  function query(names) {
    var data = new FormData(form);
    return names.every(function (name) { return data.get(name); }) &&
      new URLSearchParams(names.map(function (name) { return [name, data.get(name)]; })).toString();
  }
  function refresh(place) {
    var filled = query(place.dataset.fields.split(' '));
    if (!filled || filled === place.dataset.asked) { return; }
    place.dataset.asked = filled;
    cp.piece(place.dataset.fragmentUrl + '?' + filled)
      .then(function (html) {
        if (place.dataset.asked !== filled) { return; }
        place.innerHTML = html;
        place.hidden = html.trim() === '';
      })
      .catch(function () { place.hidden = true; });
  }
  form.addEventListener('change', function () { cp.all('[data-fragment-url]', form).forEach(refresh); });

  /* After draft.js, which listens for the same event, and before the page is painted. What the server
     refused wins over the step in the address. */
  document.addEventListener('DOMContentLoaded', function () {
    var refused = firstWithError();
    ask();
    go(refused || reachable(place() && stepOf(place()) || wanted()), true);
    cp.all('[data-fragment-url]', form).forEach(refresh);
  });
})();
