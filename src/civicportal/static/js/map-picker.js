/* Choosing a place: the map moves under a fixed crosshair. Needs Leaflet; map.js loads it.

   <div data-picker>
     <div data-map="picker" data-lat-field="ID" data-lon-field="ID">    ids of two hidden fields
     <input data-map-search> <div data-map-results hidden>   names of roads, squares, parks, districts
     <button data-locate>                                    the position of the device
   and beside it <p role="status" data-map-status data-text-denied data-text-none data-text-outside>.
   A form with a [data-map-search] and a [data-map-results] of its own is sent as soon as a place is chosen.
   A "change" event bubbles from the hidden fields when the map rests. Nothing is written before the
   person has moved the map, searched or asked for the position. */
import { centre } from './map-city.js';
import { key, locate, one } from './page.js';

const POSITION_DECIMALS = 6;

export function setUpPicker(element, map, city) {
  const box = element.closest('[data-picker]');
  const lat = document.getElementById(element.dataset.latField);
  const lon = document.getElementById(element.dataset.lonField);
  const status = one('[data-map-status]', box.parentNode);
  let touched = lat.value !== '';
  let size = map.getSize();
  let middle = map.getCenter();

  function say(words) {
    if (status) {
      status.textContent = words || '';
    }
  }
  function take() {
    const place = middle;
    if (!touched) {
      return;
    }
    lat.value = place.lat.toFixed(6);
    lon.value = place.lng.toFixed(6);
    say(city.contains(place) ? '' : status?.dataset.textOutside);
    lon.dispatchEvent(new Event('change', { bubbles: true }));
  }
  function goTo(latlng, zoom, options) {
    touched = true;
    map.setView(latlng, zoom, options);
  }
  /* Reset: Leaflet ignores the arrow keys while it slides, and rounds a place that it slid to. */
  function fromFields() {
    if (lat.value && lon.value) {
      goTo([Number(lat.value), Number(lon.value)], Math.max(map.getZoom(), 16), { reset: true });
    }
  }
  function touch() {
    touched = true;
  }
  map.on('dragstart zoomstart', touch);
  element.addEventListener('keydown', (e) => {
    if (/^Arrow/.test(e.key)) {
      touch();
    }
  });
  /* The pin stays on its place when the map gets another size, or none while its step is not shown. */
  map.on('moveend', () => {
    if (!map.getSize().equals(size)) {
      return;
    }
    middle = map.getCenter();
    take();
  });
  map.on('resize', () => {
    size = map.getSize();
    map.setView(middle, map.getZoom(), { reset: true });
  });
  fromFields();
  if (lat.form) {
    lat.form.addEventListener('draft-restored', fromFields);
  }
  setUpSearch(
    box,
    city,
    (feature) => {
      goTo(centre(feature), 17);
    },
    (found) => {
      say(found ? '' : status?.dataset.textNone);
    },
  );
  one('[data-locate]', box).addEventListener('click', () => {
    locate(POSITION_DECIMALS).then(
      (position) => {
        goTo(position.split(',').map(Number), 17);
      },
      () => {
        say(status.dataset.textDenied);
      },
    );
  });
}
export function setUpPlaces(form, city) {
  setUpSearch(form, city, () => {
    form.requestSubmit();
  });
}
/* choose(FEATURE): a place was chosen; found(BOOLEAN): whether there is one of this name. Without found, Enter sends the
   field's form. */
function setUpSearch(box, city, chosen, found) {
  const field = one('[data-map-search]', box);
  const list = one('[data-map-results]', box);
  const places = Object.create(null);
  ['road', 'square', 'park', 'district', 'label', 'water'].forEach((kind) => {
    city.of(kind).forEach((feature) => {
      if (feature.properties.name && !places[feature.properties.name]) {
        places[feature.properties.name] = feature;
      }
    });
  });
  function choose(name) {
    field.value = name;
    list.hidden = true;
    field.focus();
    chosen(places[name]);
  }
  function search() {
    const words = key(field.value);
    const names =
      words.length < 2
        ? []
        : Object.keys(places)
            .filter((name) => key(name).indexOf(words) >= 0)
            .slice(0, 6);
    list.replaceChildren.apply(
      list,
      names.map((name) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.textContent = field.dataset.textConfirm ? field.dataset.textConfirm.replace('{name}', name) : name;
        button.addEventListener('click', () => {
          choose(name);
        });
        return button;
      }),
    );
    list.hidden = names.length === 0;
    found?.(words.length < 2 || names.length > 0);
  }
  field.addEventListener('input', search);
  field.addEventListener('keydown', (e) => {
    const first = one('button', list);
    /* Ctrl+Enter sends the form: it takes no place that was not chosen. */
    if (e.key === 'Enter' && found && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      if (first && !list.hidden) {
        first.click();
      }
    }
    if (e.key === 'ArrowDown' && first && !list.hidden) {
      e.preventDefault();
      first.focus();
    }
    if (e.key === 'Escape') {
      list.hidden = true;
    }
  });
  list.addEventListener('keydown', (e) => {
    const next = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[e.key];
    if (e.key === 'Escape') {
      list.hidden = true;
      field.focus();
    }
    if (!next) {
      return;
    }
    e.preventDefault();
    (document.activeElement[next] || field).focus();
  });
}
