/* The form of an announcement: how it will look, the order of pictures, what stays visible of them. Needs window.civicportal and
   photos.js; without a script the same buttons send the form, and it comes back as it was.

   <form data-announcement> with fields title, summary, body
     <ol data-pictures> <li data-picture="KEY"> <input name="image_key"> <div data-focus-area> <img> … x_KEY, y_KEY
       <button data-picture-move="up|down">  <button data-picture-remove>
     <template id="picture-template">  one such <li> with KEY in place of the key
     <div data-preview data-preview-url="…">  POST body, header X-CSRF-Token → the text as HTML */
const { all, csrf, digits, number, one, piece } = window.civicportal;

const form = one('[data-announcement]');
const list = one('[data-pictures]', form);
const preview = one('[data-preview]', form);
const LEAD = 160;
const PAUSE = 400;
const STEP = 10;

function rows() {
  return all('[data-picture]', list);
}
function field(name, row) {
  return one(`[name="${name}_${row.dataset.picture}"]`, row);
}
function percent(input) {
  const value = parseInt(digits(input.value), 10);
  return Number.isNaN(value) ? 50 : Math.max(0, Math.min(100, value));
}
function setFocus(element, x, y) {
  const others = element.className.split(' ').filter((name) => name && !/^focus-[xy]-/.test(name));
  others.push(`focus-x-${Math.round(x / STEP) * STEP}`, `focus-y-${Math.round(y / STEP) * STEP}`);
  element.className = others.join(' ');
}

/* ---------- on a phone ---------- */
function beginning() {
  return one('[data-preview-words]', preview).textContent.trim().slice(0, LEAD);
}
function showCard() {
  const first = rows()[0];
  const picture = one('[data-preview-picture]', preview);
  all('[data-preview-of]', preview).forEach((place) => {
    place.textContent = form.elements[place.dataset.previewOf].value.trim() || place.dataset.textEmpty || beginning();
  });
  picture.hidden = !first;
  one('[data-preview-blank]', preview).hidden = Boolean(first);
  if (first) {
    picture.src = one('img', first).src;
    setFocus(picture, percent(field('x', first)), percent(field('y', first)));
  }
}
function showWords() {
  const data = new FormData();
  data.append('body', form.elements.body.value);
  piece(preview.dataset.previewUrl, { method: 'POST', body: data, headers: { 'X-CSRF-Token': csrf() } })
    .then((html) => {
      one('[data-preview-words]', preview).innerHTML = html;
      showCard();
    })
    .catch(() => {
      /* The last words stay: the network is gone, or the session has ended. */
    });
}
let waiting;
form.elements.body.addEventListener('input', () => {
  clearTimeout(waiting);
  waiting = setTimeout(showWords, PAUSE);
});

/* ---------- pictures ---------- */
function relabel() {
  const all = rows();
  all.forEach((row, index) => {
    one('[data-picture-move="up"]', row).disabled = index === 0;
    one('[data-picture-move="down"]', row).disabled = index === all.length - 1;
  });
  showCard();
}
function showFocus(row) {
  const x = percent(field('x', row));
  const y = percent(field('y', row));
  [one('[data-focus-area]', row), one('img', row)].forEach((element) => {
    setFocus(element, x, y);
  });
  showCard();
}
function move(row, way) {
  if (way === 'up' && row.previousElementSibling) {
    list.insertBefore(row, row.previousElementSibling);
  }
  if (way === 'down' && row.nextElementSibling) {
    list.insertBefore(row.nextElementSibling, row);
  }
  relabel();
  const button = one(`[data-picture-move="${way}"]`, row);
  (button.disabled ? one('[data-picture-remove]', row) : button).focus();
}
list.addEventListener('click', (e) => {
  const button = e.target.closest('[data-picture-move], [data-picture-remove]');
  const area = e.target.closest('[data-focus-area]');
  const row = e.target.closest('[data-picture]');
  if (button) {
    e.preventDefault();
    if (button.dataset.pictureMove) {
      move(row, button.dataset.pictureMove);
      return;
    }
    row.remove();
    relabel();
    one('[data-photo-input]', form).focus();
  } else if (area) {
    const box = area.getBoundingClientRect();
    field('x', row).value = number(Math.round((100 * (e.clientX - box.left)) / box.width));
    field('y', row).value = number(Math.round((100 * (e.clientY - box.top)) / box.height));
    showFocus(row);
  }
});
list.addEventListener('input', (e) => {
  const row = e.target.closest('[data-picture]');
  if (/^[xy]_/.test(e.target.name)) {
    showFocus(row);
  }
});
form.addEventListener('photo-kept', (e) => {
  const holder = document.createElement('ol');
  holder.innerHTML = document.getElementById('picture-template').innerHTML.split('KEY').join(e.detail.key);
  const row = holder.firstElementChild;
  one('img', row).src = e.detail.url;
  e.target.remove();
  list.append(row);
  relabel();
  field('alt', row).focus();
});

form.addEventListener('input', showCard);
relabel();
showWords();
