/* Runs before the page is painted: says that scripts run (html.js) and sets the theme that was
   chosen in this browser, else the one the device prefers. */
(function () {
  'use strict';
  var root = document.documentElement;
  var chosen = null;
  root.classList.add('js');
  try { chosen = localStorage.getItem('theme'); } catch (error) { /* storage is blocked: follow the device */ }
  root.dataset.bsTheme = chosen || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
})();
