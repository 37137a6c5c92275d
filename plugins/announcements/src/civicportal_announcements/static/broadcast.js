/* How far a text to many people has come: the page is asked again while it runs. Needs portal.js.

   <section data-watch="SECONDS">  is replaced by the same section of the page as it is then */
(function () {
  'use strict';
  var cp = window.civicportal;

  function again(section) {
    setTimeout(function () {
      fetch(location.href, { headers: { Accept: 'text/html' } })
        .then(function (answer) { return answer.ok ? answer.text() : ''; })
        .then(function (html) {
          var fresh = html && cp.one('[data-watched]', new DOMParser().parseFromString(html, 'text/html'));
          if (fresh) { section.replaceWith(fresh); section = fresh; }
        })
        .catch(function () { /* offline: asked again later */ })
        .then(function () { if (section.dataset.watch) { again(section); } });
    }, 1000 * section.dataset.watch);
  }
  cp.all('[data-watch]').forEach(again);
})();
