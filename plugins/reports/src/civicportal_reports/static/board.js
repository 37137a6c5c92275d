/* The public list of reports: "near me" asks for the position only when it is pressed, and puts it, rounded to about a
   hundred metres, into the form. Needs window.civicportal.

   <form data-reports-board> <input name="near" disabled> <input name="place"> <button data-near-me>
     <p role="status" data-near-said data-text-asking data-text-denied> */
const { one } = window.civicportal;

const PATIENCE = 10000; /* ms */
const DECIMALS = 3;
const form = one('form[data-reports-board]');
const said = one('[data-near-said]', form);

function take({ coords }) {
  const near = one('[name="near"]', form);
  near.value = `${coords.latitude.toFixed(DECIMALS)},${coords.longitude.toFixed(DECIMALS)}`;
  near.disabled = false;
  one('[name="place"]', form).value = '';
  form.requestSubmit();
}
function refuse() {
  said.textContent = said.dataset.textDenied;
}
one('[data-near-me]', form).addEventListener('click', () => {
  if (!navigator.geolocation) {
    refuse();
    return;
  }
  said.textContent = said.dataset.textAsking;
  navigator.geolocation.getCurrentPosition(take, refuse, { enableHighAccuracy: true, timeout: PATIENCE });
});
/* Another place takes the place of one's own. */
one('[name="place"]', form).addEventListener('input', () => {
  one('[name="near"]', form).disabled = true;
});
