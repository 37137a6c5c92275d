/* The form for a new report: root categories open their leaves, a search finds leaves by their synonyms, an
   address takes the place of the map. Needs portal.js; without a script all leaves stand on the page.

   <fieldset data-category-roots> radios "root" · <fieldset data-category-leaves="ROOT"> radios "category" in
   <label data-words>; data-only: the root itself is what is chosen. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var form = cp.one('form[data-wizard]');
  var roots = cp.one('[data-category-roots]', form);
  var groups = cp.all('[data-category-leaves]', form);
  var search = cp.one('[data-category-search]', form);
  var status = cp.one('[data-category-status]', form);
  var FEWEST_LETTERS = 2;

  function leaves() { return cp.all('[data-words]', form); }
  function chosenLeaf() { return cp.one('[name="category"]:checked', form); }

  /* ---------- roots and leaves ---------- */
  function showRoot(name) {
    groups.forEach(function (group) {
      group.hidden = group.dataset.categoryLeaves !== name || 'only' in group.dataset;
    });
    leaves().forEach(function (leaf) { leaf.hidden = false; });
  }
  function chooseRoot(root) {
    var group = groups.find(function (candidate) { return candidate.dataset.categoryLeaves === root.value; });
    var leaf = chosenLeaf();
    if (leaf && !group.contains(leaf)) { leaf.checked = false; }
    if ('only' in group.dataset) {
      cp.one('[name="category"]', group).checked = true;
      cp.one('[name="category"]', group).dispatchEvent(new Event('change', { bubbles: true }));
    }
    showRoot(root.value);
    /* On a phone the leaves lie below the roots. Arrow keys, which go on from root to root, leave the page where it is. */
    if (!root.matches(':focus-visible')) { group.scrollIntoView(); }
  }
  function follow() {
    var leaf = chosenLeaf();
    var root = leaf ? cp.one('[name="root"][value="' + leaf.closest('[data-category-leaves]').dataset.categoryLeaves + '"]', form)
      : cp.one('[name="root"]:checked', form);
    if (root) { root.checked = true; }
    showRoot(root ? root.value : '');
  }
  function find() {
    var words = cp.key(search.value).split(' ');
    var active = words.join('').length >= FEWEST_LETTERS;
    roots.hidden = active;
    status.textContent = '';
    if (!active) { follow(); return; }
    var found = 0;
    leaves().forEach(function (leaf) {
      var known = cp.key(leaf.dataset.words);
      leaf.hidden = !words.every(function (word) { return known.indexOf(word) >= 0; });
      found += leaf.hidden ? 0 : 1;
    });
    groups.forEach(function (group) { group.hidden = cp.one('[data-words]:not([hidden])', group) === null; });
    status.textContent = found ? '' : search.dataset.textNone;
    if (!found) { roots.hidden = false; }
  }
  roots.addEventListener('change', function (e) { chooseRoot(e.target); });
  search.addEventListener('input', find);
  search.addEventListener('keydown', function (e) { if (e.code === 'Enter') { e.preventDefault(); } });

  /* ---------- the place: on the map or in words ---------- */
  var lat = cp.one('[name="lat"]', form);
  var address = cp.one('[name="address"]', form);
  function needPoint() {
    if (lat) { lat.toggleAttribute('data-required', address.value.trim() === ''); }
    address.required = !lat;
  }
  address.addEventListener('input', needPoint);

  /* ---------- the last step ---------- */
  function review() {
    var place = cp.one('[data-review-place]', form);
    var name = cp.one('[data-place-name]', form);
    var leaf = chosenLeaf();
    place.textContent = cp.written(address.value.trim()) || (name ? name.textContent : '') || (lat && lat.value ? place.dataset.textPoint : '');
    cp.one('[data-review-answer]', form).textContent = (leaf && leaf.dataset.answer) || '';
  }
  document.addEventListener('relayout', review);
  form.addEventListener('draft-restored', function () { follow(); needPoint(); });
  follow();
  needPoint();
})();
