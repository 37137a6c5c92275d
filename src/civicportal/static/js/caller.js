/* Who calls, while an officer types the number, and pieces that follow other fields of the form.

   <div data-caller="FIELD_ID" data-url data-text-failed [data-filled]>   who has the number in the field
   <button name="look">                              does the same without a script
   <div data-piece="URL" data-fields="category lat lon">   filled from there when all of these fields are
   <form data-call>                                  the page that a telephone opens with #number=… */
import { all, begin, csrf, digits, each, one, piece } from './page.js';

const WAIT_MS = 400;
const FEWEST_DIGITS = 8;

function compact(text) {
  return digits(text).replace(/[^0-9+]/g, '');
}

function watchNumber(place) {
  const field = document.getElementById(place.dataset.caller);
  let asked = 'filled' in place.dataset ? compact(field.value) : '';
  let asking = null;
  let later = 0;
  function show(number) {
    asking = new AbortController();
    const body = new URLSearchParams({ csrf_token: csrf(), number: field.value });
    piece(place.dataset.url, { method: 'POST', body: body, signal: asking.signal })
      .then((html) => {
        place.innerHTML = html;
      })
      .catch((error) => {
        if (error.name !== 'AbortError' && number === asked) {
          place.textContent = place.dataset.textFailed;
          asked = '';
        }
      });
  }
  function ask() {
    const number = compact(field.value);
    if (number === asked) {
      return;
    }
    asking?.abort();
    asked = number;
    place.replaceChildren();
    if (number.length >= FEWEST_DIGITS) {
      show(number);
    }
  }
  field.addEventListener('input', () => {
    clearTimeout(later);
    later = setTimeout(ask, WAIT_MS);
  });
  ask();
}

function watchFields(place) {
  const form = place.closest('form');
  const names = place.dataset.fields.split(' ');
  let asked = '';
  function refresh() {
    const values = new FormData(form);
    const query = new URLSearchParams(names.map((name) => [name, values.get(name) || '']));
    const filled = names.every((name) => values.get(name)) ? String(query) : '';
    if (filled === asked) {
      return;
    }
    asked = filled;
    if (!filled) {
      place.replaceChildren();
      return;
    }
    piece(`${place.dataset.piece}?${filled}`)
      .then((html) => {
        if (filled === asked) {
          place.innerHTML = html;
          begin(place);
        }
      })
      .catch(() => {
        asked = '';
      });
  }
  form.addEventListener('change', refresh);
}

/* The number is taken out of the address, so that it stays in no history. */
function takeRung(form) {
  const field = form.elements.number;
  const number = new URLSearchParams(location.hash.slice(1).replace(/\+/g, '%2B')).get('number');
  if (!number) {
    return;
  }
  history.replaceState(null, '', location.pathname);
  field.value = number.slice(0, 40);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  one('[name=kind]', form)?.focus();
}

/* The first button of a form is pressed by Enter: that is not the one for pages without a script. */
all('[name=look]').forEach((button) => {
  button.remove();
});
const call = one('form[data-call]');
if (call) {
  takeRung(call);
  addEventListener('hashchange', () => {
    takeRung(call);
  });
}
each('[data-caller]', watchNumber);
each('[data-piece]', watchFields);
