/* The list of a crew: orders it from where the crew is, asked for only when pressed, rounded to about ten metres. Needs
   window.civicportal.

   <div data-field data-text-asking data-text-denied> <button data-field-here> <p role="status" data-field-said> */
const { one } = window.civicportal;

const PATIENCE = 10000; /* ms */
const DECIMALS = 4;
const tools = one('[data-field]');
const said = one('[data-field-said]', tools);

function order({ coords }) {
  const address = new URL(location.href);
  address.searchParams.set('near', `${coords.latitude.toFixed(DECIMALS)},${coords.longitude.toFixed(DECIMALS)}`);
  location.replace(address);
}
function refuse() {
  said.textContent = tools.dataset.textDenied;
}
one('[data-field-here]', tools).addEventListener('click', () => {
  if (!navigator.geolocation) {
    refuse();
    return;
  }
  said.textContent = tools.dataset.textAsking;
  navigator.geolocation.getCurrentPosition(order, refuse, { enableHighAccuracy: true, timeout: PATIENCE });
});
