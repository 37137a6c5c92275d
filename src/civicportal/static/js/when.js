/* What is asked of some only: parts of a form that are shown, and sent, while another field of it has a value.

   <fieldset data-when="FIELD=VALUE">             while the radio button or the option is chosen, or the box ticked
   <fieldset data-when="FIELD=VALUE|VALUE">       one of them
   <div data-when="FIELD=VALUE" data-refused>     a message, with which a wizard keeps the person on the step

   A field in a part that is not asked has no value, so parts may depend on each other, each on one above it. */
import { all } from './page.js';

function has(form, name, values) {
  return all(`[name="${name}"]`, form).some((field) => {
    const isChosen = field.tagName === 'SELECT' || field.checked;
    return isChosen && !field.matches(':disabled') && values.indexOf(field.value) >= 0;
  });
}

function ask() {
  all('form [data-when]').forEach((part) => {
    const [name, values] = part.dataset.when.split('=');
    const off = !has(part.closest('form'), name, values.split('|'));
    part.disabled = off;
    part.hidden = off;
  });
}

/* Before the listeners of forms, which look at what is shown. */
document.addEventListener('change', ask, true);
document.addEventListener('DOMContentLoaded', ask);
