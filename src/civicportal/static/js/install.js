/* Offers to put the portal on the home screen where the browser can.
   <section data-install hidden> … <button data-install-button> */
(function () {
  'use strict';
  var card = document.querySelector('[data-install]');
  var offer = null;

  if (!card) { return; }
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
