/* Offers to put the portal on the home screen where the browser can. Safari on a telephone has no prompt: there it explains how.
   <section data-install hidden> … <button data-install-button> <p data-install-by-hand hidden> */
import { one } from './page.js';

function offerToInstall(card) {
  let offer = null;

  /* Known to that browser only: whether the page was opened from the home screen. */
  if (navigator.standalone === false) {
    card.hidden = false;
    one('[data-install-button]', card).hidden = true;
    one('[data-install-by-hand]', card).hidden = false;
  }
  addEventListener('beforeinstallprompt', (e) => {
    e.preventDefault();
    offer = e;
    card.hidden = false;
  });
  one('[data-install-button]', card).addEventListener('click', () => {
    offer.prompt();
    offer.userChoice.then(() => {
      card.hidden = true;
    });
  });
  addEventListener('appinstalled', () => {
    card.hidden = true;
  });
}

const installCard = one('[data-install]');
if (installCard) {
  offerToInstall(installCard);
}
