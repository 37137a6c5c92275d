/* Registers the service worker, and asks it to keep the newest of one's own cases: <a data-keep href="…">.
   On a kept page (body[data-kept], milliseconds since 1970) fills in since when: <time data-kept-time>. */
(function () {
  'use strict';
  var MOST = 5;
  var page = window.civicportal;
  var place = page.one('[data-kept-time]');
  var since = Number(document.body.dataset.kept);
  var saving = navigator.connection && navigator.connection.saveData;

  if (since && place) {
    place.textContent = new Date(since).toLocaleString(document.documentElement.lang, {
      weekday: 'long', day: 'numeric', month: 'long', hour: '2-digit', minute: '2-digit'
    });
  }
  if (!('serviceWorker' in navigator) || since) { return; }
  var first = !navigator.serviceWorker.controller;
  navigator.serviceWorker.register('/sw.js');
  navigator.serviceWorker.ready.then(function (registration) {
    var links = saving ? [] : page.all('a[data-keep]').slice(0, MOST);
    var paths = links.map(function (link) { return link.getAttribute('href'); });
    /* The very first page came before the worker did. */
    if (first) { paths.unshift(location.pathname); }
    if (paths.length) { registration.active.postMessage({ keep: paths }); }
  });
})();
