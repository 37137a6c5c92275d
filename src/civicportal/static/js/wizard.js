/* One long form, shown step by step. Comes after draft.js. Without a script the form is simply long.

   <form data-wizard novalidate data-check-url="URL">
     <ol class="steps"><li>…                      names of the steps
     <p aria-live="polite" data-wizard-live data-text="Step {number} of {count}: {name}">
     <section data-step="1"> … <h1> …             fields; a hidden one is checked with data-required
       <p class="err" data-error-for="FIELD" id hidden>
       <div data-mended-by="FIELD FIELD">         an error of the server, which goes when one of them changes
     <section data-step="2" data-checked>         the server checks its fields before the next step: it answers with the wrong ones
       <div data-field="FIELD">                   and their errors, which take the place of these
     <section data-step="3" data-skipped-without="SELECTOR" data-text-next>   a step only if it contains such an element
     <button type="button" data-prev>
     <button type="submit" data-next data-text-next data-text-send><span data-next-text>
     <fieldset data-when="FIELD=VALUE">           asked only while the radio button is chosen: see when.js
     <… data-review="FIELD">                      what is filled in, in the digits of the page; sent as it was typed
     <div data-review-row hidden>                 around one of them: shown only if something is filled in
     <… data-review-photos>  <a href="#2">
     <div data-fragment-url="URL" data-fields="category lat lon" data-spill-into="ID" aria-live="polite">
                                                  filled when the fields are; then event "fragment". An element data-refused in
                                                  it keeps the person on the step, data-spill goes to another step

   The step stands in the address (#2), so that the browser's Back goes one step back; what else an address names is shown with
   the step that it lies in. */
import { all, begin, csrf, number, one, piece, written } from './page.js';
import './when.js';

const PATIENCE_MS = 4000; /* for the server's answer, before the next step is shown without it */

function setUp(form) {
  const sections = all('[data-step]', form);
  const marks = all('.steps li', form);
  const nextButton = one('[data-next]', form);
  const names = marks.map((mark) => mark.textContent.trim());
  const pending = new Set();
  let at = 1;

  /* ---------- steps ---------- */
  function skipped(step) {
    const needed = sections[step - 1].dataset.skippedWithout;
    return Boolean(needed) && !one(needed, sections[step - 1]);
  }
  /* The nearest step in a direction that is not skipped; neither the first nor the last one ever is. */
  function unskipped(step, way) {
    return skipped(step) ? unskipped(step + way, way) : step;
  }
  function showMarks() {
    marks.forEach((mark, index) => {
      mark.hidden = skipped(index + 1);
      mark.classList.toggle('done', index < at - 1);
      if (index === at - 1) {
        mark.setAttribute('aria-current', 'step');
      } else {
        mark.removeAttribute('aria-current');
      }
    });
  }
  function show(step, first) {
    const last = step === sections.length;
    at = step;
    sections.forEach((section, index) => {
      section.hidden = index !== step - 1;
    });
    showMarks();
    one('[data-prev]', form).hidden = step === 1;
    one('[data-next-text]', nextButton).textContent = last
      ? nextButton.dataset.textSend
      : sections[step - 1].dataset.textNext || nextButton.dataset.textNext;
    if (last) {
      review();
    }
    if (!first) {
      announce(step);
    }
    document.dispatchEvent(new Event('relayout'));
  }

  function announce(step) {
    const live = one('[data-wizard-live]', form);
    const heading = one('h1', sections[step - 1]);
    live.textContent = live.dataset.text
      .replace('{number}', number(marks.slice(0, step).filter((mark) => !mark.hidden).length))
      .replace('{count}', number(marks.filter((mark) => !mark.hidden).length))
      .replace('{name}', names[step - 1]);
    scrollTo(0, 0);
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  /* What the address names: a step, or a place on the page, as the skip link and the list of errors do. */
  function place() {
    return /^#?\d*$/.test(location.hash) ? null : document.getElementById(location.hash.slice(1));
  }
  function stepOf(element) {
    return sections.indexOf(element.closest('[data-step]')) + 1;
  }
  function wanted() {
    return unskipped(Math.max(1, Math.min(sections.length, Number(location.hash.slice(1)) || 1)), 1);
  }
  /* The address names the step that is shown: another one leads to it only if it is another address. */
  function go(step, first) {
    show(step, first);
    if (place() || Number(location.hash.slice(1) || 1) !== step) {
      history.replaceState(null, '', `#${step}`);
    }
  }
  function reveal(element) {
    const step = stepOf(element);
    if (!step) {
      return;
    }
    if (step !== at) {
      show(step, true);
    }
    element.focus();
  }

  /* A step that is not filled in cannot be skipped. */
  function reachable(step) {
    for (let index = 0; index < step - 1; index += 1) {
      if (invalid(sections[index]).length || refusal(sections[index])) {
        return index + 1;
      }
    }
    return step;
  }

  function firstWithError() {
    return sections.findIndex((section) => one('.is-invalid, .err:not([hidden])', section) !== null) + 1;
  }

  /* ---------- checks ---------- */
  function invalid(section) {
    return all('input, textarea, select', section).filter((field) => {
      if (field.type === 'hidden') {
        return 'required' in field.dataset && !field.value;
      }
      return !field.matches(':disabled') && (!field.checkValidity() || tooShort(field));
    });
  }
  /* The browser checks minlength only after typing. */
  function tooShort(field) {
    return field.minLength > 0 && field.value !== '' && field.value.trim().length < field.minLength;
  }

  function mark(section, fields) {
    all('[data-error-for]', section).forEach((message) => {
      const name = message.dataset.errorFor;
      message.hidden = fields.every((field) => field.name !== name);
      all(`[name="${name}"]`, section).forEach((field) => {
        describe(field, message);
      });
    });
    all('.form-control, .form-select', section).forEach((field) => {
      const wrong = fields.indexOf(field) >= 0;
      field.classList.toggle('is-invalid', wrong);
      if (wrong) {
        field.setAttribute('aria-invalid', 'true');
      } else {
        field.removeAttribute('aria-invalid');
      }
    });
  }

  /* A message that is shown belongs to its field; that of radio buttons to their group. */
  function describe(field, message) {
    const told = (/^(radio|checkbox)$/.test(field.type) && field.closest('fieldset')) || field;
    const ids = (told.getAttribute('aria-describedby') || '').split(' ').filter((id) => id && id !== message.id);
    if (!message.hidden) {
      ids.push(message.id);
    }
    if (ids.length) {
      told.setAttribute('aria-describedby', ids.join(' '));
    } else {
      told.removeAttribute('aria-describedby');
    }
  }

  /* What is not shown takes no focus: then the message does. */
  function focusOn(name, fields, section) {
    const shown = fields.find((field) => field.name === name && field.getClientRects().length);
    const message = one(`[data-error-for="${name}"]`, section);
    if (shown) {
      shown.focus();
      return;
    }
    if (message) {
      message.tabIndex = -1;
      message.focus();
    }
  }

  function refusal(section) {
    return one('[data-refused]:not([hidden])', section);
  }

  /* Return whether a step keeps the person, and show why. */
  function keeps(section) {
    const wrong = invalid(section);
    const refused = refusal(section);
    mark(section, wrong);
    if (wrong.length) {
      focusOn(wrong[0].name, wrong, section);
    } else if (refused) {
      refused.tabIndex = -1;
      refused.focus();
    }
    return Boolean(wrong.length || refused);
  }
  function soon(promise) {
    return Promise.race([
      promise,
      new Promise((resolve) => {
        setTimeout(resolve, PATIENCE_MS);
      }),
    ]);
  }
  /* What the server says about the fields of a step. Without an answer the step is left: the whole form is checked at the end. */
  function refusals(section) {
    const names = all('[data-field] [name]', section)
      .filter((field) => !field.closest('[data-photo]'))
      .map((field) => field.name);
    const sent = Array.from(new FormData(form)).filter(
      ([name, value]) => names.indexOf(name) >= 0 && typeof value === 'string',
    );
    return piece(form.dataset.checkUrl, {
      method: 'POST',
      body: new URLSearchParams(sent),
      headers: { 'X-CSRF-Token': csrf() },
    }).catch(() => '');
  }
  function renew(section, html) {
    const answer = document.createElement('template');
    answer.innerHTML = html;
    const fields = all('[data-field]', answer.content);
    fields.forEach((field) => {
      one(`[data-field="${field.dataset.field}"]`, section).replaceWith(field);
      begin(field);
    });
    (one('.is-invalid', fields[0]) || fields[0]).focus();
  }
  /* → whether the server lets the person leave a step. */
  function accepted(section) {
    if (!('checked' in section.dataset)) {
      return Promise.resolve(true);
    }
    return soon(refusals(section)).then((html) => {
      if (html && section === sections[at - 1]) {
        renew(section, html);
      }
      return !html;
    });
  }
  form.addEventListener('submit', (e) => {
    const section = sections[at - 1];
    if (keeps(section)) {
      e.preventDefault();
    } else if (at < sections.length) {
      e.preventDefault();
      soon(Promise.all(pending))
        .then(() => accepted(section))
        .then((done) => {
          if (done && section === sections[at - 1] && !keeps(section)) {
            location.hash = unskipped(at + 1, 1);
          }
        });
    }
  });
  one('[data-prev]', form).addEventListener('click', () => {
    location.hash = unskipped(at - 1, -1);
  });

  /* ---------- an error goes when its mistake is mended ---------- */
  function mend(e) {
    const field = e.target;
    const section = field.closest('[data-step]');
    if (!field.name || !section) {
      return;
    }
    all('[data-mended-by]', section).forEach((error) => {
      if (error.dataset.mendedBy.split(' ').indexOf(field.name) >= 0) {
        shorten(error);
        error.remove();
      }
    });
    const told = document.getElementById(`${field.id}-error`) || document.getElementById(`${field.name}-error`);
    if (told && !told.hidden) {
      shorten(told);
      told.hidden = true;
      document.getElementById(`${field.id}-found`)?.remove();
      describe(field, told);
      field.classList.remove('is-invalid');
      field.removeAttribute('aria-invalid');
      return;
    }
    const wrong = invalid(section);
    const shown = all('[data-error-for]:not([hidden])', section).map((message) => message.dataset.errorFor);
    if (shown.indexOf(field.name) >= 0) {
      mark(
        section,
        wrong.filter((other) => shown.indexOf(other.name) >= 0),
      );
    }
  }
  /* Take the error out of the list at the top of the page. */
  function shorten(error) {
    const summary = one('.err-summary', form);
    const ids = [error.id.replace(/-error$/, ''), error.parentNode.closest('[id]')?.id];
    if (!summary) {
      return;
    }
    all('a', summary).forEach((link) => {
      if (ids.indexOf(link.hash.slice(1)) >= 0) {
        link.closest('li').remove();
      }
    });
    if (!one('li', summary)) {
      summary.remove();
    }
  }
  form.addEventListener('input', mend);
  form.addEventListener('change', mend);
  addEventListener('hashchange', () => {
    if (place()) {
      reveal(place());
    } else {
      go(reachable(wanted()));
    }
  });

  /* ---------- review ---------- */
  function words(name) {
    const chosen = all(`[name="${name}"]`, form).filter(
      (field) => !field.matches(':disabled') && (['radio', 'checkbox'].indexOf(field.type) < 0 || field.checked),
    );
    const parts = chosen.map((field) => {
      if (field.tagName === 'SELECT') {
        return field.selectedOptions[0].text;
      }
      if (['radio', 'checkbox'].indexOf(field.type) < 0) {
        return written(field.value);
      }
      return (one('.strong', field.labels[0]) || field.labels[0]).textContent.trim();
    });
    return new Intl.ListFormat(document.documentElement.lang).format(parts);
  }
  function review() {
    all('[data-review]', form).forEach((place) => {
      place.textContent = words(place.dataset.review);
      place.closest('[data-review-row]')?.toggleAttribute('hidden', !place.textContent);
    });
    all('[data-review-photos]', form).forEach((place) => {
      place.replaceChildren.apply(
        place,
        all('[data-photo]:not(.failed) img', form).map((picture) => {
          const copy = picture.cloneNode();
          copy.className = 'thumb sm';
          return copy;
        }),
      );
    });
  }

  /* ---------- what the server knows about a choice: the near reports, the name of the place ---------- */
  function query(names) {
    const data = new FormData(form);
    return (
      names.every((name) => data.get(name)) &&
      new URLSearchParams(names.map((name) => [name, data.get(name)])).toString()
    );
  }
  function refresh(place) {
    const filled = query(place.dataset.fields.split(' '));
    if (!filled || filled === place.dataset.asked) {
      return;
    }
    place.dataset.asked = filled;
    const answered = piece(`${place.dataset.fragmentUrl}?${filled}`)
      .then((html) => {
        if (place.dataset.asked === filled) {
          fill(place, html);
        }
      })
      .catch(() => {
        if (place.dataset.asked === filled) {
          place.dataset.asked = '';
          fill(place, '');
        }
      })
      .then(() => {
        pending.delete(answered);
      });
    pending.add(answered);
  }
  function fill(place, html) {
    const other = document.getElementById(place.dataset.spillInto);
    place.innerHTML = html;
    place.hidden = html.trim() === '';
    if (other) {
      other.replaceChildren.apply(other, all('[data-spill]', place));
      begin(other);
    }
    showMarks();
    place.dispatchEvent(new Event('fragment', { bubbles: true }));
  }
  form.addEventListener('change', () => {
    all('[data-fragment-url]', form).forEach(refresh);
  });

  /* After draft.js, which listens for the same event, and before the page is painted. What the server
     refused wins over the step in the address. */
  document.addEventListener('DOMContentLoaded', () => {
    const refused = firstWithError();
    go(refused || Number(form.dataset.at) || reachable((place() && stepOf(place())) || wanted()), true);
    all('[data-fragment-url]', form).forEach(refresh);
  });
}

const wizard = one('[data-wizard]');
if (wizard) {
  setUp(wizard);
}
