/* The public list of reports: "near me" asks for the position only when it is pressed, and puts it, rounded to about a
   hundred metres, into the form. Needs window.civicportal.

   <form data-reports-board> <input name="near" disabled> <input name="place"> <button data-near-me>
     <p role="status" data-near-said data-text-asking data-text-denied> */
const { locate, one } = window.civicportal;

const DECIMALS = 3;
const form = one('form[data-reports-board]');
const said = one('[data-near-said]', form);

one('[data-near-me]', form).addEventListener('click', () => {
  said.textContent = said.dataset.textAsking;
  locate(DECIMALS).then(
    (position) => {
      const near = one('[name="near"]', form);
      near.value = position;
      near.disabled = false;
      one('[name="place"]', form).value = '';
      form.requestSubmit();
    },
    () => {
      said.textContent = said.dataset.textDenied;
    },
  );
});
/* Another place takes the place of one's own. */
one('[name="place"]', form).addEventListener('input', () => {
  one('[name="near"]', form).disabled = true;
});
