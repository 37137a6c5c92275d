/* The form for a new report: root categories open their leaves, a search finds leaves by their synonyms, an
   address takes the place of the map. Needs window.civicportal; without a script all leaves stand on the page.

   <fieldset data-category-roots> radios "root" · <fieldset data-category-leaves="ROOT"> radios "category" in
   <label data-words>; data-only: the root itself is what is chosen. */
const { all, key, one, written } = window.civicportal;

const form = one('form[data-wizard]');
const roots = one('[data-category-roots]', form);
const groups = all('[data-category-leaves]', form);
const search = one('[data-category-search]', form);
const status = one('[data-category-status]', form);
const FEWEST_LETTERS = 2;

function leaves() {
  return all('[data-words]', form);
}
function chosenLeaf() {
  return one('[name="category"]:checked', form);
}

/* ---------- roots and leaves ---------- */
function showRoot(name) {
  groups.forEach((group) => {
    group.hidden = group.dataset.categoryLeaves !== name || 'only' in group.dataset;
  });
  leaves().forEach((leaf) => {
    leaf.hidden = false;
  });
}
function chooseRoot(root) {
  const group = groups.find((candidate) => candidate.dataset.categoryLeaves === root.value);
  const leaf = chosenLeaf();
  if (leaf && !group.contains(leaf)) {
    leaf.checked = false;
  }
  if ('only' in group.dataset) {
    one('[name="category"]', group).checked = true;
    one('[name="category"]', group).dispatchEvent(new Event('change', { bubbles: true }));
  }
  showRoot(root.value);
  /* On a phone the leaves lie below the roots. Arrow keys, which go on from root to root, leave the page where it is. */
  if (!root.matches(':focus-visible')) {
    group.scrollIntoView();
  }
}
function follow() {
  const leaf = chosenLeaf();
  const root = leaf
    ? one(`[name="root"][value="${leaf.closest('[data-category-leaves]').dataset.categoryLeaves}"]`, form)
    : one('[name="root"]:checked', form);
  if (root) {
    root.checked = true;
  }
  showRoot(root ? root.value : '');
}
function find() {
  const words = key(search.value).split(' ');
  const active = words.join('').length >= FEWEST_LETTERS;
  roots.hidden = active;
  status.textContent = '';
  if (!active) {
    follow();
    return;
  }
  let found = 0;
  leaves().forEach((leaf) => {
    const known = key(leaf.dataset.words);
    leaf.hidden = !words.every((word) => known.indexOf(word) >= 0);
    found += leaf.hidden ? 0 : 1;
  });
  groups.forEach((group) => {
    group.hidden = one('[data-words]:not([hidden])', group) === null;
  });
  status.textContent = found ? '' : search.dataset.textNone;
  if (!found) {
    roots.hidden = false;
  }
}
roots.addEventListener('change', (e) => {
  chooseRoot(e.target);
});
search.addEventListener('input', find);
search.addEventListener('keydown', (e) => {
  if (e.key === 'Enter') {
    e.preventDefault();
  }
});

/* ---------- the place: on the map or in words ---------- */
const lat = one('[name="lat"]', form);
const address = one('[name="address"]', form);
const details = one('[data-address]', form);
/* Open without a script; with one the map comes first. */
if (details && details.dataset.address !== 'needed') {
  details.open = false;
}
function needPoint() {
  if (lat) {
    lat.toggleAttribute('data-required', address.value.trim() === '');
  }
  address.required = !lat;
}
address.addEventListener('input', needPoint);

/* ---------- the last step ---------- */
function review() {
  const place = one('[data-review-place]', form);
  const name = one('[data-place-name]', form);
  const leaf = chosenLeaf();
  place.textContent =
    written(address.value.trim()) ||
    (name ? name.textContent.trim() : '') ||
    (lat?.value ? place.dataset.textPoint : '');
  one('[data-review-answer]', form).textContent = leaf?.dataset.answer || '';
}
document.addEventListener('relayout', review);
form.addEventListener('fragment', review);
form.addEventListener('draft-restored', () => {
  follow();
  needPoint();
});
follow();
needPoint();
