/* Maps of the page. Needs Leaflet; loads map-picker.js and map-layers.js where a map asks for them.

   <div data-map="view|fixed|picker" data-geojson="URL" data-zoom data-lat data-lon data-attribution data-tiles data-text-in data-text-out
        data-text-failed data-text-retry data-shapes="URL" data-search="ID"
        data-pins='[{lat, lon, tone, icon, title, url, label}]' data-points-url="URL">
   label: a few characters in the pin instead of its icon. data-shapes is the file with the outlines of pins, by tone;
   data-search the form whose field [data-map-search] names places of the map. Without data-lat the map opens on the boundary of the city. data-points-url: see map-layers.js. A document event
   "relayout" tells the maps that they were hidden before. */
import { City } from './map-city.js';
import { all, each, icon, number, one, onTheme } from './page.js';

const SHAPES = ['new', 'doing', 'working', 'waiting', 'done', 'refused', 'passed', 'duplicate', 'withdrawn', 'closed'];
const SMALL = 24; /* pixels of a pin without room: as much as a finger needs */
const ABOVE = 1000; /* a small pin is never hidden by a large one */
const MOST_PINS = 150; /* more points than this are small */
const PIN_WIDTH = 36;
const PIN_HEIGHT = 44; /* a pin and the space around it */

const files = Object.create(null);
function load(url) {
  files[url] = files[url] || fetch(url).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)));
  files[url].catch(() => {
    delete files[url];
  });
  return files[url];
}

function svg(tag, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  Object.keys(attributes).forEach((name) => {
    made.setAttribute(name, attributes[name]);
  });
  return made;
}
function pinElement(point, shapes, small) {
  const pin = document.createElement('div');
  const shape = svg('svg', { class: 'shape', 'aria-hidden': 'true' });
  pin.className = `pin ${point.tone || ''}${small ? ' small' : ''}`;
  shape.append(svg('use', { href: `${shapes}#${SHAPES.includes(point.tone) ? point.tone : SHAPES[0]}` }));
  pin.append(shape);
  if (point.parts) {
    const several = document.createElement('b');
    several.textContent = point.label || number(point.several);
    pin.append(several);
  } else if (point.label && !small) {
    const label = document.createElement('b');
    label.textContent = point.label;
    pin.append(label);
  } else if (!small) {
    pin.append(icon(point.icon || 'map-pin'));
  }
  return pin;
}

/* ---------- pins ---------- */
/* Pins stand in the order of the points, whole, and never one on the other or on a button: a crowded point is small
   until there is room. */
function withRoom(map, points) {
  const taken = buttons(map);
  const size = map.getSize();
  return points.map((point) => {
    const at = map.latLngToContainerPoint([point.lat, point.lon]);
    const cut = at.x < PIN_WIDTH / 2 || at.x > size.x - PIN_WIDTH / 2 || at.y < PIN_HEIGHT || at.y > size.y;
    const crowded =
      cut || taken.some((other) => Math.abs(other.x - at.x) < PIN_WIDTH && Math.abs(other.y - at.y) < PIN_HEIGHT);
    if (!crowded) {
      taken.push(at);
    }
    return !crowded;
  });
}
/* Points that crowd each other are one pin with their number: none lies on another, and each can be tapped. */
function gather(map, points) {
  const [width, height] = points.length > MOST_PINS ? [SMALL, SMALL] : [PIN_WIDTH, PIN_HEIGHT];
  const places = [];
  points.forEach((point) => {
    const at = map.latLngToContainerPoint([point.lat, point.lon]);
    const near = places.find((other) => Math.abs(other.at.x - at.x) < width && Math.abs(other.at.y - at.y) < height);
    if (near) {
      near.points.push(point);
    } else {
      places.push({ at: at, points: [point] });
    }
  });
  const text = map.getContainer().dataset.textSpot;
  return places.map((place) => (place.points.length > 1 ? join(place.points, text) : place.points[0]));
}
function join(points, text) {
  const several = points.reduce((sum, point) => sum + (point.several || 1), 0);
  const label = points[0].label && `${points[0].label}+`;
  return {
    lat: points[0].lat,
    lon: points[0].lon,
    tone: 'dark',
    title: [label, text.replace('{count}', number(several))].filter(Boolean).join(': '),
    several: several,
    label: label,
    parts: points,
    cards: points.flatMap((point) => point.cards || []),
  };
}
/* Where pins would have to stand to lie on a button of the map. */
function buttons(map) {
  const origin = map.getContainer().getBoundingClientRect();
  return all('.leaflet-control a, .leaflet-control button', map.getContainer()).map((button) => {
    const box = button.getBoundingClientRect();
    return { x: (box.left + box.right) / 2 - origin.left, y: (box.top + box.bottom + PIN_HEIGHT) / 2 - origin.top };
  });
}
/* choose(point, layer): what a click does; without it a point leads to its url, or tells its title. */
function showPoints(map, group, found, fixed, choose) {
  const points = fixed ? found : gather(map, found);
  const room = points.length > MOST_PINS ? [] : withRoom(map, points);
  const { shapes } = map.getContainer().dataset;
  group.clearLayers();
  points.forEach((point, index) => {
    /* What is cut off or lies below a button is reached when the map has moved. */
    const still = fixed || room[index] === false;
    const layer = pin(point, shapes, !room[index], still);
    function go() {
      if (choose) {
        choose(point, layer);
      } else if (point.url) {
        location.assign(point.url);
      } else {
        tell(map, point);
      }
    }
    if (!still) {
      layer.on('click', go);
      layer.on('keydown', (e) => {
        if (e.originalEvent.key === 'Enter') {
          go();
        }
      });
    }
    layer.addTo(group);
  });
}
function tell(map, point) {
  const box = document.createElement('div');
  (point.parts || [point]).forEach((part) => {
    const line = document.createElement('p');
    const words = document.createElement(part.url ? 'a' : 'span');
    words.textContent = part.title || '';
    if (part.url) {
      words.href = part.url;
    }
    line.append(words);
    box.append(line);
  });
  const popup = L.popup({ autoPanPaddingTopLeft: [60, 8], offset: [0, -20], maxWidth: 240, maxHeight: 180 })
    .setLatLng([point.lat, point.lon])
    .setContent(box)
    .openOn(map);
  const close = one('.leaflet-popup-close-button', popup.getElement());
  close.setAttribute('aria-label', map.getContainer().dataset.textClose);
  close.focus({ preventScroll: true });
}
function pin(point, shapes, small, fixed) {
  const marker = L.marker([point.lat, point.lon], {
    keyboard: !fixed,
    interactive: !fixed,
    zIndexOffset: small ? ABOVE : 0,
    icon: L.divIcon({
      className: '',
      iconSize: small ? [SMALL, SMALL] : [34, 42],
      iconAnchor: small ? [SMALL / 2, SMALL / 2] : [17, 41],
      html: pinElement(point, shapes, small),
    }),
  });
  marker.on('add', () => {
    marker.getElement().setAttribute('role', fixed ? 'img' : point.url ? 'link' : 'button');
    marker.getElement().title = small ? point.title || '' : '';
    marker.getElement().setAttribute('aria-label', point.title || '');
  });
  return marker;
}
function follow(map, city, element, group) {
  const pins = {
    show: (points, choose) => {
      showPoints(map, group, points, false, choose);
    },
  };
  import('./map-layers.js').then(({ MapLayers }) => new MapLayers(map, city, element, pins).start());
}

/* ---------- the site's own tiles ---------- */
function tileLayer(tiles) {
  const options = {
    minZoom: tiles.min,
    maxZoom: 18,
    maxNativeZoom: tiles.max,
    bounds: tiles.bounds,
    className: 'map-tiles',
    keepBuffer: 1,
  };
  if (tiles.kind === 'pmtiles') {
    return pmtiles.leafletRasterLayer(new pmtiles.PMTiles(new URL(tiles.url, location.href).href), options);
  }
  return L.tileLayer(tiles.url, options);
}

/* ---------- one map ---------- */
/* The search field of a picker covers its top, "my position" its lower end. */
function zoomCorner(picker) {
  if (!picker) {
    return 'topleft';
  }
  return document.documentElement.dir === 'rtl' ? 'bottomright' : 'bottomleft';
}
/* picking: the module of pickers, for a map that needs it. */
function makeMap(element, features, picking) {
  const data = element.dataset;
  const fixed = data.map === 'fixed';
  const picker = data.map === 'picker';
  const map = L.map(element, {
    zoomControl: false,
    dragging: !fixed,
    keyboard: !fixed,
    doubleClickZoom: !fixed,
    touchZoom: picker ? 'center' : !fixed,
    scrollWheelZoom: picker ? 'center' : false,
    boxZoom: false,
    minZoom: 11,
    maxZoom: 18,
    zoomSnap: 0.25,
    fadeAnimation: false,
    zoomAnimation: false,
    markerZoomAnimation: false,
    preferCanvas: true,
    maxBoundsViscosity: 1,
  });
  const tiles = data.tiles ? JSON.parse(data.tiles) : null;
  const city = new City(map, features, tiles);
  const group = L.layerGroup().addTo(map);
  const pins = JSON.parse(data.pins || '[]');
  if (!fixed) {
    L.control.zoom({ position: zoomCorner(picker), zoomInTitle: data.textIn, zoomOutTitle: data.textOut }).addTo(map);
  }
  map.attributionControl.setPrefix('').addAttribution(data.attribution || '');
  if (tiles) {
    tileLayer(tiles).addTo(map);
  }
  function open() {
    if (data.lat) {
      map.setView([Number(data.lat), Number(data.lon)], Number(data.zoom), { animate: false });
      return;
    }
    map.fitBounds(city.bounds());
    if (picker) {
      map.setZoom(Number(data.zoom));
    }
  }
  open();
  map.setMaxBounds(city.bounds().pad(0.5));
  city.draw();
  showPoints(map, group, pins, fixed);
  city.names();
  document.fonts.ready.then(() => {
    city.names();
  });
  if (data.pointsUrl) {
    follow(map, city, element, group);
  }
  if (picker) {
    picking.setUpPicker(element, map, city);
  }
  if (data.search) {
    picking.setUpPlaces(document.getElementById(data.search), city);
  }
  function draw() {
    if (pins.length) {
      showPoints(map, group, pins, fixed);
    }
    city.draw();
  }
  map.on('zoomend', draw);
  /* A map that was made while it was hidden has its middle and its pins elsewhere. */
  map.on('resize', (e) => {
    if (!e.oldSize.x && pins.length) {
      open();
      draw();
    }
  });
  map.on('moveend', () => {
    if (pins.length && !fixed) {
      showPoints(map, group, pins, fixed);
    }
    city.names();
  });
  onTheme(() => {
    city.draw();
  });
  document.addEventListener('relayout', () => {
    map.invalidateSize({ pan: false });
  });
  new ResizeObserver(() => {
    map.invalidateSize({ pan: false });
  }).observe(element);
}

/* Without its drawing a map is a picture of nothing: it says so, and the words take its place. */
function giveUp(element) {
  const box = document.createElement('div');
  const words = document.createElement('p');
  const again = document.createElement('button');
  const address = one('details[data-address]');
  box.className = 'map-failed';
  words.setAttribute('role', 'status');
  words.textContent = element.dataset.textFailed;
  again.type = 'button';
  again.className = 'btn btn-quiet btn-sm';
  again.textContent = element.dataset.textRetry;
  again.addEventListener('click', () => {
    box.remove();
    begin(element);
  });
  box.append(words, again);
  element.append(box);
  element.dataset.failed = '';
  if (element.dataset.map === 'picker' && address) {
    address.open = true;
  }
}
function begin(element) {
  /* Before the map can be moved: a move that nothing takes down would be lost. */
  const picks = element.dataset.map === 'picker' || element.dataset.search;
  Promise.all([load(element.dataset.geojson), picks && import('./map-picker.js')]).then(
    ([collection, picking]) => {
      delete element.dataset.failed;
      makeMap(element, collection.features, picking);
    },
    () => {
      giveUp(element);
    },
  );
}
each('[data-map]', begin);
