/* Signing in by code..

   <input data-otp autocomplete="one-time-code">     a phone that can read the SMS fills it in and sends the form
   <span data-countdown="SECONDS" data-enables="BUTTON_ID">   the button works when the time is over
   <div role="status" data-status-url="URL" data-final="sent failed">
     <span data-state="waiting">… <span data-state="held" hidden>… <span data-state="sent" hidden>…
   GET URL → {"state": "…"}, asked every 3 seconds until a final state, two minutes at most. */
import { all, number, one } from './page.js';

const POLL_MS = 3000;
const MOST_POLLS = 40;

const field = one('[data-otp]');
if (field && 'OTPCredential' in window) {
  const abort = new AbortController();
  field.form.addEventListener('submit', () => {
    abort.abort();
  });
  navigator.credentials
    .get({ otp: { transport: ['sms'] }, signal: abort.signal })
    .then((sms) => {
      field.value = sms.code;
      field.form.requestSubmit();
    })
    .catch(() => {
      /* refused or given up: the code is typed */
    });
}

function clock(seconds) {
  const two = { minimumIntegerDigits: 2 };
  return `${number(Math.floor(seconds / 60))}:${(seconds % 60).toLocaleString(document.documentElement.lang, two)}`;
}
all('[data-countdown]').forEach((place) => {
  const button = document.getElementById(place.dataset.enables);
  const end = Date.now() + Number(place.dataset.countdown) * 1000;
  function tick() {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    place.textContent = clock(left);
    button.disabled = left > 0;
    if (left > 0) {
      setTimeout(tick, 1000);
    } else {
      place.parentNode.hidden = true;
    }
  }
  tick();
});

all('[data-status-url]').forEach((box) => {
  const last = box.dataset.final.split(' ');
  let polls = 0;
  function show(state) {
    all('[data-state]', box).forEach((words) => {
      words.hidden = words.dataset.state !== state;
    });
  }
  function poll() {
    polls += 1;
    fetch(box.dataset.statusUrl, { headers: { Accept: 'application/json' } })
      .then((answer) => answer.json())
      .then((answer) => {
        show(answer.state);
        return last.indexOf(answer.state) < 0;
      })
      .catch(() => true)
      .then((again) => {
        if (again && polls < MOST_POLLS) {
          setTimeout(poll, POLL_MS);
        }
      });
  }
  setTimeout(poll, POLL_MS);
});
