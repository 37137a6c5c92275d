/* Signing in by code. Needs portal.js.

   <input data-otp autocomplete="one-time-code">     a phone that can read the SMS fills it in and sends the form
   <span data-countdown="SECONDS" data-enables="BUTTON_ID">   the button works when the time is over
   <div role="status" data-status-url="URL" data-final="sent failed">
     <span data-state="waiting">… <span data-state="held" hidden>… <span data-state="sent" hidden>…
   GET URL → {"state": "…"}, asked every 3 seconds until a final state, two minutes at most. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var POLL_MS = 3000;
  var MOST_POLLS = 40;

  var field = cp.one('[data-otp]');
  if (field && 'OTPCredential' in window) {
    var abort = new AbortController();
    field.form.addEventListener('submit', function () { abort.abort(); });
    navigator.credentials.get({ otp: { transport: ['sms'] }, signal: abort.signal }).then(function (sms) {
      field.value = sms.code;
      field.form.requestSubmit();
    }).catch(function () { /* refused or given up: the code is typed */ });
  }

  function clock(seconds) {
    var two = { minimumIntegerDigits: 2 };
    return cp.number(Math.floor(seconds / 60)) + ':' + (seconds % 60).toLocaleString(document.documentElement.lang, two);
  }
  cp.all('[data-countdown]').forEach(function (place) {
    var button = document.getElementById(place.dataset.enables);
    var end = Date.now() + Number(place.dataset.countdown) * 1000;
    function tick() {
      var left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      place.textContent = clock(left);
      button.disabled = left > 0;
      if (left > 0) { setTimeout(tick, 1000); } else { place.parentNode.hidden = true; }
    }
    tick();
  });

  cp.all('[data-status-url]').forEach(function (box) {
    var last = box.dataset.final.split(' ');
    var polls = 0;
    function show(state) {
      cp.all('[data-state]', box).forEach(function (words) { words.hidden = words.dataset.state !== state; });
    }
    function poll() {
      polls += 1;
      fetch(box.dataset.statusUrl, { headers: { Accept: 'application/json' } })
        .then(function (answer) { return answer.json(); })
        .then(function (answer) {
          show(answer.state);
          return last.indexOf(answer.state) < 0;
        })
        .catch(function () { return true; })
        .then(function (again) { if (again && polls < MOST_POLLS) { setTimeout(poll, POLL_MS); } });
    }
    setTimeout(poll, POLL_MS);
  });
})();
