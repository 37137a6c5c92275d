/* Keyboard, selection and tabs of the staff pages. Needs portal.js.

   <… data-kartable-url="/kartable">                 where G K leads
   <table data-rows> … <tr data-row><input type="checkbox"> … <a class="subj">
   <input type="checkbox" data-select-all>  <button data-select-none>  <span data-selected-count>
   <div class="bulk" data-bulk-bar>                  hidden while nothing is selected
   <div role="tablist" data-tabs><button role="tab" aria-controls aria-selected data-key="KeyS">
   <select data-step-choice data-text-failed><option data-form="URL"> … <section data-step-panel id>   shows the section that
                                                     the chosen option names, fetched if the page has it not yet;
                                                     what was typed goes along into fields of the same name
   <div data-preview="URL">                          filled from there when its section is shown
   <div data-ready="ID"><select> … <option data-text> <button>   the text of the choice goes below what stands in that field
   <form data-people data-attendance="JSON">         the select "user" offers the group named like the chosen "unit"; of the
                                                     texts [data-attends] that one is shown which JSON names for the unit
   <input data-hotkey="Slash">                       the search field; that of a list comes before the one above all pages
   <details data-menu><summary data-register> … <a>  a menu that closes with Esc and by a click elsewhere; N opens it
   <a data-register>                                 N follows it
   <div data-toast><form><button>                    Z takes back what was just done
   <dialog id="keys"> … <input type="checkbox" data-keys-switch>   turns the letters off in this browser

   Keys are told by e.code, their place on the keyboard: with the Persian layout e.key is a Persian letter. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var UNDO = '[data-toast] form button';

  /* ---------- selection ---------- */
  var rows = cp.all('[data-row]');
  var current = rows.findIndex(function (row) { return row.classList.contains('cur'); });

  function box(row) { return cp.one('input[type=checkbox]', row); }
  function selectable() { return rows.filter(box); }
  function selectionChanged() {
    var chosen = selectable().filter(function (row) { return box(row).checked; });
    selectable().forEach(function (row) { row.classList.toggle('sel', chosen.indexOf(row) >= 0); });
    cp.all('[data-selected-count]').forEach(function (place) { place.textContent = cp.number(chosen.length); });
    cp.all('[data-bulk-bar]').forEach(function (bar) { bar.hidden = chosen.length === 0; });
    cp.all('[data-select-all]').forEach(function (all) {
      all.checked = chosen.length > 0 && chosen.length === selectable().length;
      all.indeterminate = chosen.length > 0 && !all.checked;
    });
  }
  function select(checked) {
    selectable().forEach(function (row) { box(row).checked = checked; });
    selectionChanged();
  }
  document.addEventListener('change', function (e) {
    if (e.target.matches('[data-select-all]')) { select(e.target.checked); }
    if (e.target.closest('[data-row]')) { selectionChanged(); }
  });
  document.addEventListener('click', function (e) {
    if (e.target.closest('[data-select-none]')) { select(false); }
  });
  addEventListener('pageshow', selectionChanged);

  function goTo(index) {
    if (!rows.length) { return; }
    if (rows[current]) { rows[current].classList.remove('cur'); }
    current = Math.max(0, Math.min(rows.length - 1, index));
    rows[current].classList.add('cur');
    cp.one('a.subj', rows[current]).focus();
  }
  document.addEventListener('focusin', function (e) {
    var row = e.target.closest('[data-row]');
    if (row && rows.indexOf(row) !== current) {
      if (rows[current]) { rows[current].classList.remove('cur'); }
      current = rows.indexOf(row);
      row.classList.add('cur');
    }
  });
  function toggleCurrent() {
    if (!rows[current] || !box(rows[current])) { return; }
    box(rows[current]).checked = !box(rows[current]).checked;
    selectionChanged();
  }
  function openCurrent() {
    if (rows[current]) { cp.one('a.subj', rows[current]).click(); }
  }

  /* ---------- tabs ---------- */
  function panel(tab) { return document.getElementById(tab.getAttribute('aria-controls')); }
  function openTab(tab) {
    cp.all('[role=tab]', tab.closest('[data-tabs]')).forEach(function (other) {
      var open = other === tab;
      other.setAttribute('aria-selected', open);
      other.tabIndex = open ? 0 : -1;
      panel(other).hidden = !open;
    });
  }
  function moveFocus(tab, code) {
    var tabs = cp.all('[role=tab]', tab.closest('[data-tabs]'));
    var forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    var places = { Home: 0, End: tabs.length - 1 };
    var step = code === forward ? 1 : -1;
    var place = code in places ? places[code] : (tabs.indexOf(tab) + step + tabs.length) % tabs.length;
    openTab(tabs[place]);
    tabs[place].focus();
  }
  cp.all('[data-tabs]').forEach(function (list) {
    openTab(cp.one('[aria-selected=true]', list) || cp.one('[role=tab]', list));
    list.addEventListener('click', function (e) {
      var tab = e.target.closest('[role=tab]');
      if (tab) { openTab(tab); }
    });
    list.addEventListener('keydown', function (e) {
      if (['ArrowLeft', 'ArrowRight', 'Home', 'End'].indexOf(e.code) < 0) { return; }
      e.preventDefault();
      moveFocus(e.target.closest('[role=tab]'), e.code);
    });
  });
  /* ---------- forms of a case ---------- */
  /* Only the last question about a notice counts: a later one ends it, and so does the sending of any form. Once a step has
     been taken, or the case has gone elsewhere, it is there no more, and the answer would be an error. What fails leaves the preview as it was. */
  var asking = null;
  function endAsking() {
    if (asking) { asking.abort(); }
  }
  function askPreview(place, options) {
    endAsking();
    asking = new AbortController();
    cp.piece(place.dataset.preview, Object.assign({ signal: asking.signal }, options))
      .then(function (html) {
        place.innerHTML = html;
        place.dataset.filled = 'true';
      })
      .catch(function () { /* It is asked for again with the next change. */ });
  }
  function fillPreview(panel) {
    var place = cp.one('[data-preview]', panel);
    if (place && !place.dataset.filled) { askPreview(place); }
  }
  /* What is typed stands in the preview too; the words go in the body, never in an address. */
  function refreshPreview(form) {
    var place = cp.one('[data-preview]', form);
    if (!place) { return; }
    var body = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      if (typeof value === 'string') { body.append(name, value); }
    });
    askPreview(place, { method: 'POST', body: body });
  }
  document.addEventListener('submit', endAsking);
  cp.each('[data-step-form]', function (form) {
    form.addEventListener('change', function () { refreshPreview(form); });
  });
  function carryWords(from, to) {
    cp.all('textarea', from).forEach(function (field) {
      var other = cp.one('textarea[name="' + field.name + '"]', to);
      if (other && !other.value) { other.value = field.value; }
    });
  }
  function chooseStep(select) {
    var panels = cp.all('[data-step-panel]');
    var before = panels.filter(function (panel) { return !panel.hidden; });
    panels.forEach(function (panel) { panel.hidden = panel.id !== select.value; });
    var chosen = document.getElementById(select.value);
    if (!chosen) { return; }
    if (before.length === 1 && before[0] !== chosen) { carryWords(before[0], chosen); }
    fillPreview(chosen);
  }
  function fetchStep(select) {
    var option = select.selectedOptions[0];
    cp.piece(option.dataset.form)
      .then(function (html) {
        if (!document.getElementById(option.value)) {
          var last = cp.all('[data-step-panel]').pop();
          last.insertAdjacentHTML('afterend', html);
          last.nextElementSibling.hidden = true;
          cp.begin(last.nextElementSibling);
        }
        openStep(select);
      })
      .catch(function () {
        select.value = cp.one('[data-step-panel]:not([hidden])').id;
        cp.toast(select.dataset.textFailed);
      });
  }
  function openStep(select) {
    if (!select.value || document.getElementById(select.value)) { chooseStep(select); } else { fetchStep(select); }
  }
  cp.all('[data-step-choice]').forEach(function (select) {
    openStep(select);
    select.addEventListener('change', function () { openStep(select); });
  });
  /* The first submit button of a form is pressed by Enter as well: without a choice it does not insert. */
  cp.each('[data-ready]', function (place) {
    var choice = cp.one('select', place);
    var field = document.getElementById(place.dataset.ready);
    cp.one('button', place).addEventListener('click', function (e) {
      if (!choice.value) { return; }
      e.preventDefault();
      var written = field.value.trimEnd();
      field.value = (written ? written + '\n' : '') + choice.selectedOptions[0].dataset.text;
      choice.value = '';
      field.dispatchEvent(new Event('input', { bubbles: true }));
      field.focus();
    });
  });
  cp.each('form[data-people]', function (form) {
    var unit = form.elements.unit;
    var person = form.elements.user;
    var attendance = JSON.parse(form.dataset.attendance || '{}');
    function offer() {
      var name = unit.selectedOptions[0].textContent;
      cp.all('optgroup', person).forEach(function (group) {
        var fits = unit.value !== '' && group.label === name;
        group.hidden = group.disabled = !fits;
      });
      if (person.selectedOptions[0].parentNode.disabled) { person.value = ''; }
      hint();
    }
    function hint() {
      var answer = person.value ? undefined : attendance[unit.value];
      cp.all('[data-attends]', form).forEach(function (text) { text.hidden = text.dataset.attends !== answer; });
    }
    person.addEventListener('change', hint);
    unit.addEventListener('change', offer);
    offer();
  });

  function jumpTo(code) {
    var tab = cp.one('[role=tab][data-key="' + code + '"]');
    if (!tab) { return false; }
    openTab(tab);
    (cp.one('select, textarea, input:not([type=hidden])', panel(tab)) || tab).focus();
    return true;
  }

  /* ---------- keys ---------- */
  var afterG = false;
  var keysSwitch = cp.one('[data-keys-switch]');

  function lettersOn() {
    try { return localStorage.getItem('keys') !== 'off'; } catch (error) { return true; }
  }
  if (keysSwitch) {
    keysSwitch.checked = lettersOn();
    keysSwitch.addEventListener('change', function () {
      try { localStorage.setItem('keys', keysSwitch.checked ? 'on' : 'off'); } catch (error) { /* this page only */ }
    });
  }
  function writing(target) {
    return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
      (target.tagName === 'INPUT' && !/^(checkbox|radio|button|submit)$/.test(target.type));
  }
  var register = cp.one('[data-register]');
  function startRegistering() {
    register.click();
    if (register.tagName === 'SUMMARY') { register.focus(); }
  }
  function closeMenus(except) {
    cp.all('[data-menu][open]').forEach(function (menu) { if (menu !== except) { menu.open = false; } });
  }
  document.addEventListener('click', function (e) { closeMenus(e.target.closest('[data-menu]')); });
  document.addEventListener('keydown', function (e) {
    var menu = cp.one('[data-menu][open]');
    if (menu && e.key === 'Escape') { closeMenus(); cp.one('summary', menu).focus(); }
  });
  var actions = {
    KeyJ: function () { goTo(current + 1); },
    KeyK: function () { goTo(current - 1); },
    KeyX: toggleCurrent,
    Enter: openCurrent
  };
  function act(e) {
    if (e.code === 'Slash' && e.shiftKey) { document.getElementById('keys').showModal(); return true; }
    if (e.code === 'Slash') { (cp.one('main [data-hotkey=Slash]') || cp.one('[data-hotkey=Slash]')).focus(); return true; }
    if (e.code === 'KeyZ' && cp.one(UNDO)) { cp.one(UNDO).click(); return true; }
    if (e.code === 'KeyN' && register) { startRegistering(); return true; }
    if (afterG && e.code === 'KeyK') { location = cp.one('[data-kartable-url]').dataset.kartableUrl; return true; }
    if (e.code === 'Enter' && e.target !== document.body) { return false; }
    if (actions[e.code] && rows.length) { actions[e.code](); return true; }
    return jumpTo(e.code);
  }
  document.addEventListener('keydown', function (e) {
    if (e.ctrlKey || e.metaKey || e.altKey || writing(e.target) || !lettersOn()) { return; }
    if (cp.one('dialog[open]')) { return; }
    if (act(e)) { e.preventDefault(); }
    afterG = e.code === 'KeyG';
  });
})();
