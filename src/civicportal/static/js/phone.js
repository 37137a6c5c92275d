/* A phone of the demo looks by itself whether something has arrived. Needs portal.js.

   <div data-phone>…</div>   is drawn anew every two seconds while the page is looked at.
   The form beside it keeps what is being typed, but takes the token of a session that began meanwhile in another tab. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var EVERY_MS = 2000;
  var TOKEN = '[data-phone] ~ form [name=csrf_token]';
  var phone = cp.one('[data-phone]');

  function look() {
    if (document.hidden) { return Promise.resolve(); }
    return fetch(location.pathname)
      .then(function (answer) { return answer.ok ? answer.text() : ''; })
      .then(function (page) {
        var other = new DOMParser().parseFromString(page, 'text/html');
        var fresh = other.querySelector('[data-phone]');
        if (fresh) { cp.one(TOKEN).value = other.querySelector(TOKEN).value; }
        if (fresh && fresh.innerHTML !== phone.dataset.shown) {
          phone.dataset.shown = fresh.innerHTML;
          phone.replaceChildren.apply(phone, Array.from(fresh.childNodes));
        }
      })
      .catch(function () { /* the server is being started again */ });
  }
  function repeat() { look().then(function () { setTimeout(repeat, EVERY_MS); }); }
  if (phone) {
    phone.dataset.shown = phone.innerHTML;
    setTimeout(repeat, EVERY_MS);
  }
})();
