/* The list of a crew: orders it from where the crew is, asked for only when pressed. The position is sent in the body of a
   form, rounded to about ten metres, so that it stands in no address. Needs window.civicportal.

   <form method="post" data-field data-text-asking data-text-denied> <input type="hidden" name="near">
     <button type="button" data-field-here> <p role="status" data-field-said> */
const { locate, one } = window.civicportal;

const DECIMALS = 4;
const form = one('form[data-field]');
const said = one('[data-field-said]', form);

one('[data-field-here]', form).addEventListener('click', () => {
  said.textContent = form.dataset.textAsking;
  locate(DECIMALS).then(
    (position) => {
      one('[name=near]', form).value = position;
      form.requestSubmit();
    },
    () => {
      said.textContent = form.dataset.textDenied;
    },
  );
});
