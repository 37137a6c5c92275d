/* The form of an announcement: how it will look, the order of pictures, what stays visible of them. Needs portal.js and
   photos.js; without a script the same buttons send the form, and it comes back as it was.

   <form data-announcement> with fields title, summary, body
     <ol data-pictures> <li data-picture="KEY"> <input name="image_key"> <div data-focus-area> <img> … x_KEY, y_KEY
       <button data-picture-move="up|down">  <button data-picture-remove>
     <template id="picture-template">  one such <li> with KEY in place of the key
     <div data-preview data-preview-url="…">  POST body, header X-CSRF-Token → the text as HTML */
(function () {
  'use strict';
  var cp = window.civicportal;
  var form = cp.one('[data-announcement]');
  var list = cp.one('[data-pictures]', form);
  var preview = cp.one('[data-preview]', form);
  var LEAD = 160;
  var PAUSE = 400;
  var STEP = 10;

  function rows() { return cp.all('[data-picture]', list); }
  function field(name, row) { return cp.one('[name="' + name + '_' + row.dataset.picture + '"]', row); }
  function percent(input) {
    var value = parseInt(cp.digits(input.value), 10);
    return isNaN(value) ? 50 : Math.max(0, Math.min(100, value));
  }
  function setFocus(element, x, y) {
    var others = element.className.split(' ').filter(function (name) { return name && !/^focus-[xy]-/.test(name); });
    others.push('focus-x-' + Math.round(x / STEP) * STEP, 'focus-y-' + Math.round(y / STEP) * STEP);
    element.className = others.join(' ');
  }

  /* ---------- on a phone ---------- */
  function beginning() { return cp.one('[data-preview-words]', preview).textContent.trim().slice(0, LEAD); }
  function showCard() {
    var first = rows()[0];
    var picture = cp.one('[data-preview-picture]', preview);
    cp.all('[data-preview-of]', preview).forEach(function (place) {
      place.textContent = form.elements[place.dataset.previewOf].value.trim() || place.dataset.textEmpty || beginning();
    });
    picture.hidden = !first;
    cp.one('[data-preview-blank]', preview).hidden = Boolean(first);
    if (first) {
      picture.src = cp.one('img', first).src;
      setFocus(picture, percent(field('x', first)), percent(field('y', first)));
    }
  }
  function showWords() {
    var data = new FormData();
    data.append('body', form.elements.body.value);
    cp.piece(preview.dataset.previewUrl, { method: 'POST', body: data, headers: { 'X-CSRF-Token': cp.csrf() } })
      .then(function (html) {
        cp.one('[data-preview-words]', preview).innerHTML = html;
        showCard();
      })
      .catch(function () { /* The last words stay: the network is gone, or the session has ended. */ });
  }
  var waiting;
  form.elements.body.addEventListener('input', function () {
    clearTimeout(waiting);
    waiting = setTimeout(showWords, PAUSE);
  });

  /* ---------- pictures ---------- */
  function relabel() {
    var all = rows();
    all.forEach(function (row, index) {
      cp.one('[data-picture-move="up"]', row).disabled = index === 0;
      cp.one('[data-picture-move="down"]', row).disabled = index === all.length - 1;
    });
    showCard();
  }
  function showFocus(row) {
    var x = percent(field('x', row));
    var y = percent(field('y', row));
    [cp.one('[data-focus-area]', row), cp.one('img', row)].forEach(function (element) { setFocus(element, x, y); });
    showCard();
  }
  function move(row, way) {
    if (way === 'up' && row.previousElementSibling) { list.insertBefore(row, row.previousElementSibling); }
    if (way === 'down' && row.nextElementSibling) { list.insertBefore(row.nextElementSibling, row); }
    relabel();
    var button = cp.one('[data-picture-move="' + way + '"]', row);
    (button.disabled ? cp.one('[data-picture-remove]', row) : button).focus();
  }
  list.addEventListener('click', function (e) {
    var button = e.target.closest('[data-picture-move], [data-picture-remove]');
    var area = e.target.closest('[data-focus-area]');
    var row = e.target.closest('[data-picture]');
    if (button) {
      e.preventDefault();
      if (button.dataset.pictureMove) { move(row, button.dataset.pictureMove); return; }
      row.remove();
      relabel();
      cp.one('[data-photo-input]', form).focus();
    } else if (area) {
      var box = area.getBoundingClientRect();
      field('x', row).value = cp.number(Math.round(100 * (e.clientX - box.left) / box.width));
      field('y', row).value = cp.number(Math.round(100 * (e.clientY - box.top) / box.height));
      showFocus(row);
    }
  });
  list.addEventListener('input', function (e) {
    var row = e.target.closest('[data-picture]');
    if (/^[xy]_/.test(e.target.name)) { showFocus(row); }
  });
  form.addEventListener('photo-kept', function (e) {
    var holder = document.createElement('ol');
    holder.innerHTML = document.getElementById('picture-template').innerHTML.split('KEY').join(e.detail.key);
    var row = holder.firstElementChild;
    cp.one('img', row).src = e.detail.url;
    e.target.remove();
    list.append(row);
    relabel();
    field('alt', row).focus();
  });

  form.addEventListener('input', showCard);
  relabel();
  showWords();
})();
