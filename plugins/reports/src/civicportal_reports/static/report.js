/* The form for a new report: root categories open their leaves, a search finds leaves by their synonyms, an
   address takes the place of the map. Needs window.civicportal; without a script all leaves stand on the page.

   <fieldset data-category-roots> radios "root" · <fieldset data-category-leaves="ROOT"> radios "category" in
   <label data-words="NAME|SYNONYM|…" data-root-words="NAME|HINT">; data-only: the root itself is what is chosen. */
import { CategorySearch } from './category-search.js';

const { all, one, written } = window.civicportal;

const form = one('form[data-wizard]');
const roots = one('[data-category-roots]', form);
const groups = all('[data-category-leaves]', form);
const search = one('[data-category-search]', form);
const status = one('[data-category-status]', form);
const FEWEST_LETTERS = 2;
const order = leaves();
const index = new CategorySearch(
  order.map((leaf) => ({
    name: one('[name="category"]', leaf).value,
    phrases: leaf.dataset.words.split('|'),
    around: leaf.dataset.rootWords.split('|'),
  })),
);

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
  const active = search.value.trim().length >= FEWEST_LETTERS;
  const found = active ? index.find(search.value) : [];
  roots.hidden = found.length > 0;
  status.textContent = active && !found.length ? search.dataset.textNone : '';
  arrange(found);
  if (!active) {
    follow();
    return;
  }
  order.forEach((leaf) => {
    leaf.hidden = rank(leaf, found) === found.length;
  });
  groups.forEach((group) => {
    group.hidden = one('[data-words]:not([hidden])', group) === null;
  });
}
function rank(leaf, found) {
  const place = found.indexOf(one('[name="category"]', leaf).value);
  return place < 0 ? found.length : place;
}
/* The best leaf comes first, with its group; the others stay in the order of the page. */
function arrange(found) {
  const sorted = order.slice().sort((leaf, other) => rank(leaf, found) - rank(other, found));
  const places = groups.slice().sort((group, other) => {
    const first = (of) => sorted.findIndex((leaf) => of.contains(leaf));
    return found.length ? first(group) - first(other) : 0;
  });
  sorted.forEach((leaf) => {
    leaf.parentNode.append(leaf);
  });
  places.reverse().forEach((group) => {
    group.parentNode.prepend(group);
  });
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
/* Open without a script; with one the map comes first, unless it has failed before this script ran. */
if (details && details.dataset.address !== 'needed' && !one('[data-map="picker"][data-failed]', form)) {
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
