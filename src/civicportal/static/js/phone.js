/* A phone of the demo looks by itself whether something has arrived..

   <div data-phone>…</div>   is drawn anew every two seconds while the page is looked at.
   The form beside it keeps what is being typed, but takes the token of a session that began meanwhile in another tab. */
import { one } from './page.js';

const EVERY_MS = 2000;
const TOKEN = '[data-phone] ~ form [name=csrf_token]';
const phone = one('[data-phone]');

function look() {
  if (document.hidden) {
    return Promise.resolve();
  }
  return fetch(location.pathname)
    .then((answer) => (answer.ok ? answer.text() : ''))
    .then((page) => {
      const other = new DOMParser().parseFromString(page, 'text/html');
      const fresh = other.querySelector('[data-phone]');
      if (fresh) {
        one(TOKEN).value = other.querySelector(TOKEN).value;
      }
      if (fresh && fresh.innerHTML !== phone.dataset.shown) {
        phone.dataset.shown = fresh.innerHTML;
        phone.replaceChildren.apply(phone, Array.from(fresh.childNodes));
      }
    })
    .catch(() => {
      /* the server is being started again */
    });
}
function repeat() {
  look().then(() => {
    setTimeout(repeat, EVERY_MS);
  });
}
if (phone) {
  phone.dataset.shown = phone.innerHTML;
  setTimeout(repeat, EVERY_MS);
}
