/* What every page does with a script. Nothing here is needed to read or to send.

   <button data-theme-toggle aria-pressed>     light and dark
   <button data-nav-toggle aria-controls="side"> … <button data-nav-close>     staff drawer (Esc closes)
   <p data-count="FIELD_ID" data-limit="100">  characters written, of how many
   <button data-copy="TEXT">                   copies; says body[data-text-copied] in a toast
   <button data-print>                         prints
   <button data-dialog-open="DIALOG_ID">       opens a <dialog>
   <div data-toast><button data-dismiss>       removes the toast
   <button data-board="next|previous" aria-controls="TRACK_ID">   scrolls a .board-track by one screen
   <input data-filter="LIST_ID">               hides the children of the list whose data-words/text do not hold the words;
                                               Enter chooses the first that is left
   <button data-select="FIELD_ID" data-start data-end>            marks these characters of a field
   [data-draft-done=NAME data-owner=USER_ID]   the form NAME was sent: its draft of this person is forgotten
   [data-focus]                                gets the focus when the page opens (error summary)
   <form>                                      a second click on its button is ignored; the pressed button becomes busy, until
                                               nobody has answered for long: then it may be sent again; without a
                                               network the page stays as it is
   <form data-stay>                            … not this one: it answers with a file and the page stays
   <form data-ctrl-enter>                      Ctrl+Enter sends it, by its button data-default if it has one
   <input data-jdate>                          the month over a date field comes from body[data-dates]
   body[data-text-copied data-text-busy data-text-silent data-text-offline data-text-of data-icons data-dates], input[name=csrf_token]

   window.civicportal = {one, all, number, token, csrf, piece, toast, icon, onTheme, digits, written, key, each, begin} serves the
   other files: each(SELECTOR, setUp) sets up what is on the page and what comes later, begin(PART) what came with a part. */
(function () {
  'use strict';
  var root = document.documentElement;
  var body = document.body;
  var themeListeners = [];
  var PATIENCE_MS = 20000; /* until a form that nobody has answered may be sent again */

  function one(selector, within) { return (within || document).querySelector(selector); }
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function on(selector, event, listener) {
    document.addEventListener(event, function (e) {
      var found = e.target.closest && e.target.closest(selector);
      if (found) { listener(found, e); }
    });
  }
  var beginners = [];
  function each(selector, setUp) {
    beginners.push([selector, setUp]);
    all(selector).forEach(setUp);
  }
  function begin(part) {
    beginners.forEach(function (pair) { all(pair[0], part).forEach(pair[1]); });
  }
  function number(value) { return Number(value).toLocaleString(root.lang); }
  function token(name) { return getComputedStyle(root).getPropertyValue(name).trim(); }
  function csrf() { return one('input[name=csrf_token]').value; }
  /* → a piece of a page, as HTML. Whoever asks too late is led to a door or refused: no whole page ever stands for a piece. */
  function piece(url, options) {
    var headers = Object.assign({ 'X-Requested-With': 'XMLHttpRequest' }, options && options.headers);
    return fetch(url, Object.assign({}, options, { headers: headers }))
      .then(function (answer) { return answer.ok && !answer.redirected ? answer.text() : Promise.reject(answer.status); });
  }
  function digits(text) {
    return String(text).replace(/[۰-۹]/g, function (d) { return d.charCodeAt(0) - 0x6F0; })
      .replace(/[٠-٩]/g, function (d) { return d.charCodeAt(0) - 0x660; });
  }
  /* What somebody typed, for reading: in the digits of the page's language. A word with Latin letters, such as the address of a page,
     would be another one. */
  function written(text) {
    return String(text).replace(/\S+/g, function (word) {
      return /[a-z]/i.test(word) ? word : digits(word).replace(/\d/g, number);
    });
  }
  /* Two ways of writing one word are one word. */
  function key(text) {
    return digits(text).replace(/\u064a/g, '\u06cc').replace(/\u0643/g, '\u06a9')
      .replace(/[\u200c\s]+/g, ' ').trim().toLocaleLowerCase();
  }
  function icon(name) {
    var svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    var use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    use.setAttribute('href', body.dataset.icons + '#' + name);
    svg.appendChild(use);
    return svg;
  }
  function toast(text, name) {
    var place = one('[data-toasts]');
    if (!place) { return; }
    var box = document.createElement('div');
    var words = document.createElement('span');
    box.className = 'toast-x';
    words.className = 'grow';
    words.textContent = text;
    box.append(icon(name || 'circle-check'), words);
    place.append(box);
    setTimeout(function () { box.remove(); }, 5000);
  }

  function paintTheme(button) {
    var dark = root.dataset.bsTheme === 'dark';
    button.setAttribute('aria-pressed', dark);
    one('use', button).setAttribute('href', body.dataset.icons + '#' + (dark ? 'sun' : 'moon'));
  }
  all('[data-theme-toggle]').forEach(paintTheme);
  on('[data-theme-toggle]', 'click', function () {
    root.dataset.bsTheme = root.dataset.bsTheme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('theme', root.dataset.bsTheme); } catch (error) { /* this page only */ }
    all('[data-theme-toggle]').forEach(paintTheme);
    themeListeners.forEach(function (listener) { listener(); });
  });

  function drawer(open) {
    var toggle = one('[data-nav-toggle]');
    body.classList.toggle('nav-open', open);
    toggle.setAttribute('aria-expanded', open);
    (open ? one('#' + toggle.getAttribute('aria-controls') + ' a') : toggle).focus();
  }
  on('[data-nav-toggle]', 'click', function () { drawer(true); });
  on('[data-nav-close]', 'click', function () { drawer(false); });
  document.addEventListener('keydown', function (e) {
    if (e.key === 'Escape' && body.classList.contains('nav-open')) { drawer(false); }
  });

  each('[data-count]', function (counter) {
    var field = document.getElementById(counter.dataset.count);
    field.addEventListener('input', function () {
      counter.textContent = body.dataset.textOf
        .replace('{count}', number(field.value.length)).replace('{limit}', number(Number(counter.dataset.limit)));
    });
  });

  /* → whether it was copied, where the page has come over plain http and scripts have no clipboard. */
  function copyWithout(text) {
    var field = document.createElement('textarea');
    field.className = 'visually-hidden';
    field.value = text;
    body.append(field);
    field.select();
    var copied = document.execCommand('copy');
    field.remove();
    return copied;
  }
  on('[data-copy]', 'click', function (button) {
    var text = button.dataset.copy;
    function tell() { toast(body.dataset.textCopied); }
    if (navigator.clipboard) { navigator.clipboard.writeText(text).then(tell, function () {}); }
    else if (copyWithout(text)) { button.focus(); tell(); }
  });
  on('[data-select]', 'click', function (button) {
    var field = document.getElementById(button.dataset.select);
    field.focus();
    field.setSelectionRange(Number(button.dataset.start), Number(button.dataset.end));
  });
  on('[data-print]', 'click', function () { print(); });
  on('[data-dialog-open]', 'click', function (button) { document.getElementById(button.dataset.dialogOpen).showModal(); });
  /* A live region says what comes into it, not what it was sent with. */
  addEventListener('load', function () {
    all('[data-toast]').forEach(function (told) { if (!told.contains(document.activeElement)) { told.parentNode.append(told); } });
  });
  on('[data-dismiss]', 'click', function (button) { button.closest('[data-toast]').remove(); });
  on('[data-board]', 'click', function (button) {
    var track = document.getElementById(button.getAttribute('aria-controls'));
    var way = (button.dataset.board === 'next') === (root.dir === 'ltr') ? 1 : -1;
    var calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    track.scrollBy({ left: way * track.clientWidth * 0.86, behavior: calm ? 'auto' : 'smooth' });
  });
  on('[data-filter]', 'input', function (field) {
    var words = key(field.value).split(' ');
    Array.prototype.forEach.call(document.getElementById(field.dataset.filter).children, function (item) {
      var text = key((item.dataset.words || '') + ' ' + item.textContent);
      item.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
    });
  });
  on('[data-filter]', 'keydown', function (field, e) {
    if (e.code !== 'Enter') { return; }
    e.preventDefault();
    var choice = field.value && one('#' + field.dataset.filter + ' > :not([hidden]) input');
    if (choice) { choice.click(); choice.focus(); }
  });

  function setBusy(button) {
    button.setAttribute('aria-busy', 'true');
    button.dataset.words = button.innerHTML;
    button.textContent = body.dataset.textBusy;
  }
  document.addEventListener('submit', function (e) {
    var form = e.target;
    if (e.defaultPrevented || form.method === 'dialog') { return; }
    if (form.method === 'post' && navigator.onLine === false) {
      e.preventDefault();
      toast(body.dataset.textOffline);
      return;
    }
    if ('stay' in form.dataset) { return; }
    if (form.dataset.sent) { e.preventDefault(); return; }
    form.dataset.sent = 'true';
    setTimeout(function () { if (form.dataset.sent) { giveUp(form); } }, PATIENCE_MS);
    /* after the browser has read the button's name and value */
    setTimeout(function () { if (e.submitter && form.method === 'post') { setBusy(e.submitter); } });
  });
  function release() {
    all('form[data-sent]').forEach(function (form) { delete form.dataset.sent; });
    all('[aria-busy=true][data-words]').forEach(function (button) {
      button.innerHTML = button.dataset.words;
      button.removeAttribute('aria-busy');
    });
  }
  /* The network is slow, or somebody has stopped the page: what stands in it can be sent again. */
  function giveUp(form) {
    release();
    if (form.method === 'post') { toast(body.dataset.textSilent); }
  }
  /* The service worker has found no network for a form: the page stays as it is. */
  if (navigator.serviceWorker) {
    navigator.serviceWorker.addEventListener('message', function (e) {
      if (!e.data.unsent || !one('form[data-sent]')) { return; }
      release();
      toast(body.dataset.textOffline);
    });
  }
  /* The page may come back from the browser's memory: its forms work again. */
  addEventListener('pageshow', function (e) { if (e.persisted) { release(); } });
  document.addEventListener('keydown', function (e) {
    var form = e.target.closest && e.target.closest('form[data-ctrl-enter]');
    if (form && e.code === 'Enter' && (e.ctrlKey || e.metaKey)) { form.requestSubmit(one('[data-default]', form) || undefined); }
  });

  all('[data-draft-done]').forEach(function (page) {
    try { localStorage.removeItem('draft:' + page.dataset.draftDone + ':' + (page.dataset.owner || '')); } catch (error) { /* none is kept */ }
  });

  /* Of more tabs than a phone is wide, and more pages than the side bar is high above one's name, the open one is in sight. */
  all('.tabs-x [aria-current], .side .side-link[aria-current]').forEach(function (open) {
    var list = open.closest('.tabs-x, .side'), name = one('.me', list);
    var place = open.getBoundingClientRect(), frame = list.getBoundingClientRect();
    list.scrollLeft += place.x + place.width / 2 - frame.x - frame.width / 2;
    if (name) { list.scrollTop += Math.max(0, place.bottom - name.getBoundingClientRect().top + 4); }
  });

  var first = one('[data-focus]');
  if (first) { first.focus(); }

  window.civicportal = {
    one: one, all: all, number: number, token: token, csrf: csrf, piece: piece, toast: toast, icon: icon, digits: digits,
    written: written, key: key, onTheme: function (listener) { themeListeners.push(listener); },
    each: each, begin: begin
  };
  each('[data-jdate]', function () { import(body.dataset.dates); });
})();
