/* Offers to put the portal on the home screen where the browser can. Safari on a telephone asks nobody: there it says how.
   <section data-install hidden> … <button data-install-button> <p data-install-by-hand hidden> */
(function () {
  'use strict';
  var card = document.querySelector('[data-install]');
  var offer = null;

  if (!card) { return; }
  /* Known to that browser only: whether the page was opened from the home screen. */
  if (navigator.standalone === false) {
    card.hidden = false;
    card.querySelector('[data-install-button]').hidden = true;
    card.querySelector('[data-install-by-hand]').hidden = false;
  }
  addEventListener('beforeinstallprompt', function (e) {
    e.preventDefault();
    offer = e;
    card.hidden = false;
  });
  card.querySelector('[data-install-button]').addEventListener('click', function () {
    offer.prompt();
    offer.userChoice.then(function () { card.hidden = true; });
  });
  addEventListener('appinstalled', function () { card.hidden = true; });
})();
