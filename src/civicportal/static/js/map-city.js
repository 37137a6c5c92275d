/* The base map: a city drawn with Leaflet from GeoJSON, in the colours of the theme. Needs Leaflet.

   City(map, features, tiles): with tiles only the borders are drawn; draw() after a change of zoom or theme, names() after a move
   and when other pins are shown, of(kind) → features, contains(latlng), bounds(). centre(feature) → where a feature is
   shown; inside(feature, latlng).

   Properties of a feature: kind (boundary, district, road, park, water, square, label), name,
   cls (roads: ring, primary, secondary, street). */
import { all, token } from './page.js';

const ROADS = ['street', 'secondary', 'primary', 'ring'];
const WIDTH = { street: 2.6, secondary: 5, primary: 7.5, ring: 7.5 };
const ROAD_NAMES_FROM = { street: 16, secondary: 15, primary: 14, ring: 14 };
const STREETS_FROM = 13.4;
const STEP = 18; /* pixels by which a name moves out of another's way */
const NEAR = [];
for (let far = 1; far <= 4; far += 1) {
  for (let x = -far; x <= far; x += 1) {
    NEAR.push([x, Math.abs(x) - far], [x, far - Math.abs(x)]);
  }
}

function reversed(position) {
  return [position[1], position[0]];
}
function isMajor(road) {
  return road.properties.cls === 'primary' || road.properties.cls === 'ring';
}

/* Where a road's name stands, and how it is turned so that it is never upside down. */
function middle(feature) {
  const lines = feature.geometry.type === 'LineString' ? [feature.geometry.coordinates] : feature.geometry.coordinates;
  const line = lines.reduce((longest, one) => (one.length > longest.length ? one : longest));
  const at = Math.max(1, Math.floor(line.length / 2));
  const from = line[at - 1];
  const to = line[at];
  let angle = (Math.atan2(from[1] - to[1], (to[0] - from[0]) * Math.cos((to[1] * Math.PI) / 180)) * 180) / Math.PI;
  if (angle > 90) {
    angle -= 180;
  }
  if (angle < -90) {
    angle += 180;
  }
  return { at: [(from[1] + to[1]) / 2, (from[0] + to[0]) / 2], angle: angle };
}
export function centre(feature) {
  if (feature.geometry.type === 'Point') {
    return reversed(feature.geometry.coordinates);
  }
  if (/Line/.test(feature.geometry.type)) {
    return middle(feature).at;
  }
  return L.geoJSON(feature).getBounds().getCenter();
}
export function inside(feature, latlng) {
  const rings =
    feature.geometry.type === 'Polygon'
      ? [feature.geometry.coordinates[0]]
      : feature.geometry.coordinates.map((polygon) => polygon[0]);
  return rings.some((ring) => {
    let odd = false;
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      if (
        ring[i][1] > latlng.lat !== ring[j][1] > latlng.lat &&
        latlng.lng < ((ring[j][0] - ring[i][0]) * (latlng.lat - ring[i][1])) / (ring[j][1] - ring[i][1]) + ring[i][0]
      ) {
        odd = !odd;
      }
    }
    return odd;
  });
}

/* ---------- names ---------- */
function label(feature, at, kind, angle) {
  const words = document.createElement('span');
  words.className = `map-label ${kind}`;
  words.textContent = feature.properties.name;
  words.style.transform = `translate(${document.documentElement.dir === 'rtl' ? 50 : -50}%, -50%) rotate(${angle.toFixed(1)}deg)`;
  return {
    feature: feature,
    area: feature.properties.kind === 'district',
    at: at,
    angle: angle,
    words: words,
    marker: L.marker(at, {
      pane: 'labels',
      interactive: false,
      keyboard: false,
      icon: L.divIcon({ className: '', iconSize: [0, 0], html: words }),
    }),
  };
}
function extent(feature) {
  const box = L.geoJSON(feature).getBounds();
  return (box.getEast() - box.getWest()) * (box.getNorth() - box.getSouth());
}
/* Where a name may stand, in pixels of the map: that of a district anywhere near its middle, if it is whole. */
function places(one, map) {
  const size = map.getSize();
  const middle = map.latLngToContainerPoint(one.at);
  function box(x, y, at) {
    return { x: x, y: y, width: one.width, height: one.height, angle: (one.angle * Math.PI) / 180, at: at };
  }
  const found = [box(middle.x, middle.y)];
  if (!one.area) {
    return found;
  }
  NEAR.forEach((step) => {
    const x = middle.x + step[0] * STEP;
    const y = middle.y + step[1] * STEP;
    const at = map.containerPointToLatLng([x, y]);
    if (inside(one.feature, at)) {
      found.push(box(x, y, at));
    }
  });
  return found.filter(
    (box) =>
      box.x >= box.width / 2 &&
      box.x <= size.x - box.width / 2 &&
      box.y >= box.height / 2 &&
      box.y <= size.y - box.height / 2,
  );
}
/* Two boxes are apart where a line between them can be drawn along a side of one. */
function reach(box, angle) {
  return (box.width * Math.abs(Math.cos(angle - box.angle)) + box.height * Math.abs(Math.sin(angle - box.angle))) / 2;
}
function meets(box, others) {
  return others.some((other) =>
    [box.angle, box.angle + Math.PI / 2, other.angle, other.angle + Math.PI / 2].every((angle) => {
      const apart = Math.abs((box.x - other.x) * Math.cos(angle) + (box.y - other.y) * Math.sin(angle));
      return apart < reach(box, angle) + reach(other, angle);
    }),
  );
}

export class City {
  constructor(map, features, tiles) {
    this.map = map;
    this.tiles = tiles;
    this.kinds = Object.create(null);
    features.forEach((feature) => {
      const { kind } = feature.properties;
      this.kinds[kind] = this.kinds[kind] || [];
      this.kinds[kind].push(feature);
    });
    this.renderers = Object.create(null);
    ['areas', 'casings', 'roads', 'squares', 'labels'].forEach((name, index) => {
      map.createPane(name).style.zIndex = 200 + index * 10;
      map.getPane(name).style.pointerEvents = 'none';
      this.renderers[name] = L.canvas({ pane: name, padding: 0.4 });
    });
    this.layers = L.layerGroup().addTo(map);
    this.named = L.layerGroup().addTo(map);
  }

  of(kind) {
    return this.kinds[kind] || [];
  }

  add(pane, features, style) {
    L.geoJSON(features, {
      pane: pane,
      renderer: this.renderers[pane],
      interactive: false,
      style: (feature) => (typeof style === 'function' ? style(feature) : style),
    }).addTo(this.layers);
  }

  draw() {
    const zoom = this.map.getZoom();
    const scale = 2 ** ((zoom - 15) * 0.72);
    const roads = this.of('road')
      .filter((road) => zoom >= STREETS_FROM || road.properties.cls !== 'street')
      .sort((a, b) => ROADS.indexOf(a.properties.cls) - ROADS.indexOf(b.properties.cls));
    function fill(name) {
      return { stroke: false, fillColor: token(name), fillOpacity: 1 };
    }
    function line(extra, minor, major) {
      return (road) => ({
        color: token(isMajor(road) ? major : minor),
        weight: WIDTH[road.properties.cls] * scale + extra,
        opacity: 1,
        lineCap: 'round',
      });
    }
    this.layers.clearLayers();
    this.map.getContainer().style.background = token('--map-land');
    if (!this.tiles) {
      this.add('areas', this.of('park'), fill('--map-park'));
      this.add('areas', this.of('water'), (feature) =>
        /Line/.test(feature.geometry.type)
          ? { color: token('--map-water'), weight: 14 * scale, opacity: 1 }
          : fill('--map-water'),
      );
    }
    this.add('areas', this.of('district').concat(this.of('boundary')), (feature) => ({
      fill: false,
      color: token('--line-strong'),
      weight: feature.properties.kind === 'boundary' ? 2 : 1,
      dashArray: '6 6',
      opacity: 0.6,
    }));
    if (this.tiles) {
      return;
    }
    this.add('casings', roads, line(zoom < 14 ? 1 : 2, '--map-road-case', '--map-major-case'));
    this.add('roads', roads, line(0, '--map-road', '--map-major'));
    this.add(
      'squares',
      this.of('square').filter((square) => square.geometry.type !== 'Point'),
      {
        color: token('--map-major'),
        weight: 8 * scale,
        opacity: 1,
        fillColor: token('--map-park'),
        fillOpacity: 1,
      },
    );
    this.names();
  }

  /* The largest districts first, then what is smaller. Whose place is taken goes; a district's moves within its area, and
   touches a pin rather than going. */
  names() {
    const zoom = this.map.getZoom();
    const view = this.map.getBounds().pad(0.2);
    const labels = [];
    function add(feature, at, kind, angle) {
      if (at && feature.properties.name && view.contains(at)) {
        labels.push(label(feature, at, kind, angle));
      }
    }
    this.named.clearLayers();
    if (this.tiles) {
      return;
    }
    if (zoom < 14) {
      this.of('district')
        .slice()
        .sort((a, b) => extent(b) - extent(a))
        .forEach((feature) => {
          add(feature, centre(feature), 'sq', 0);
        });
    }
    ['label', 'square', 'water', 'park'].forEach((kind) => {
      if (zoom < (kind === 'label' ? 12 : 13.5)) {
        return;
      }
      this.of(kind).forEach((feature) => {
        add(feature, centre(feature), kind === 'square' ? 'sq' : kind, 0);
      });
    });
    this.of('road')
      .filter((road) => zoom >= ROAD_NAMES_FROM[road.properties.cls])
      .sort((a, b) => ROADS.indexOf(b.properties.cls) - ROADS.indexOf(a.properties.cls))
      .forEach((road) => {
        const place = middle(road);
        add(road, place.at, '', place.angle);
      });
    labels.forEach((one) => {
      one.marker.addTo(this.named);
    });
    this.spread(labels);
  }

  /* All are measured before the first one is moved. */
  spread(labels) {
    const map = this.map;
    const origin = map.getContainer().getBoundingClientRect();
    const pins = all('.leaflet-marker-pane .leaflet-marker-icon > *, .leaflet-control', map.getContainer()).map(
      (pin) => {
        const box = pin.getBoundingClientRect();
        return {
          x: box.x + box.width / 2 - origin.x,
          y: box.y + box.height / 2 - origin.y,
          width: box.width,
          height: box.height,
          angle: 0,
        };
      },
    );
    const cores = pins.map((pin) => ({ x: pin.x, y: pin.y, width: pin.width / 2, height: pin.height / 2, angle: 0 }));
    const taken = [];
    labels.forEach((one) => {
      one.width = one.words.offsetWidth + 4;
      one.height = one.words.offsetHeight;
    });
    labels.forEach((one) => {
      const free = places(one, map).filter((box) => !meets(box, taken));
      let chosen = free.find((box) => !meets(box, pins));
      if (!chosen && one.area) {
        chosen = free.find((box) => !meets(box, cores));
      }
      if (!chosen) {
        this.named.removeLayer(one.marker);
        return;
      }
      taken.push(chosen);
      if (chosen.at) {
        one.marker.setLatLng(chosen.at);
      }
    });
  }

  contains(latlng) {
    const boundary = this.of('boundary').filter((feature) => /Polygon/.test(feature.geometry.type));
    return !boundary.length || boundary.some((feature) => inside(feature, latlng));
  }

  bounds() {
    const all = this.of('boundary').length ? this.of('boundary') : this.of('road');
    return L.geoJSON(all).getBounds();
  }
}
