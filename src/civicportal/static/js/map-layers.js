/* What a map shows of very many places: clusters with their numbers, points with a card, heat, districts in shades.
   Needs Leaflet; map.js loads it.

   <div data-map-panel>
     <button data-map-mode="clusters|heat|districts" aria-pressed>     what is shown
     <div data-legend="clusters|heat|districts" hidden>               its legend; of districts with their shades:
                                                                      data-districts='{"NAME": 0…4}'
     <div data-map-numbers="URL">                                     is filled with that piece of a page
       <a data-district="NAME">                                       where a click on the district leads
     <div data-map data-points-url="URL" data-card-url="URL"
          data-text-cluster data-text-spot data-text-more data-text-private data-text-close data-text-loading data-text-failed data-text-none>
     <p role="status" data-map-state><button data-map-retry hidden>
   points-url is asked with bbox=west,south,east,north, zoom and mode=clusters|heat and answers
   {total, clusters: [{n, lat, lon, box}], looks: [{tone, icon, title}], points: [[lat, lon, look, card]]} or
   {level, cells: [[lat, lon, n]]}. card-url holds CARD where the card of a point goes; it answers a piece of a page.
   What somebody has chosen to see stands behind the # of the address, "#map=MODE/ZOOM/LAT/LON", for the way back. */
import { inside } from './map-city.js';
import { all, number, one, onTheme, piece, token } from './page.js';

const PATIENCE = 300; /* ms before a map says that it is loading */
const LARGE = 0.66;
const MIDDLE = 0.25; /* shares of the largest cluster in view from which one looks larger */
const FEW = 10; /* the largest one counts as so many at least: nothing is large among few */
const SEEN = /^#map=(clusters|heat|districts)\/(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/;
const HEAT = [
  [0, '#7fc4bd'],
  [0.35, '#7fc4bd'],
  [0.6, '#e7c35f'],
  [0.8, '#dd7d3c'],
  [1, '#b02a1e'],
];
const TILE = 256;
const BUTTONS = 60; /* pixels at the left edge, where the buttons stand */
const AROUND = 50; /* pixels around the text of a card */
const CARDS = 20; /* of one place at a time: each is asked for by itself */

export class MapLayers {
  constructor(map, city, element, pins) {
    this.map = map;
    this.city = city;
    this.element = element;
    this.data = element.dataset;
    this.pins = pins;
    this.panel = element.closest('[data-map-panel]') || element.parentNode;
    this.group = L.layerGroup().addTo(map);
    this.heat = new Heat();
    this.mode = 'clusters';
    this.cards = Object.create(null);
  }

  start() {
    all('[data-map-mode]', this.panel).forEach((button) => {
      button.addEventListener('click', () => {
        this.choose(button.dataset.mapMode);
        this.remember();
      });
    });
    const retry = one('[data-map-retry]', this.panel);
    if (retry) {
      retry.addEventListener('click', () => {
        this.ask();
      });
    }
    this.recall();
    this.map.on('moveend', () => {
      if (this.mode !== 'districts') {
        this.ask();
      }
      this.remember(); /* the last: a browser refuses it where a map is moved too often */
    });
    this.map.on('click', (e) => {
      this.follow(e.latlng);
    });
    onTheme(() => {
      this.ask();
    });
    this.choose(this.mode);
    this.fillNumbers();
  }

  remember() {
    const at = this.map.getCenter();
    if (!this.map.getSize().x) {
      return;
    }
    history.replaceState(
      history.state,
      '',
      `#map=${[this.mode, this.map.getZoom(), at.lat.toFixed(5), at.lng.toFixed(5)].join('/')}`,
    );
  }

  recall() {
    const seen = SEEN.exec(location.hash);
    if (!seen) {
      return;
    }
    if (one(`[data-map-mode=${seen[1]}]`, this.panel)) {
      this.mode = seen[1];
    }
    this.map.setView([Number(seen[3]), Number(seen[4])], Number(seen[2]));
  }

  fillNumbers() {
    const place = one('[data-map-numbers]', this.panel);
    if (!place?.dataset.mapNumbers) {
      return;
    }
    piece(place.dataset.mapNumbers)
      .then((html) => {
        place.innerHTML = html;
        if (this.mode === 'districts') {
          this.choose(this.mode);
        }
      })
      .catch(() => {
        /* the page of the map has them too */
      });
  }

  choose(mode) {
    this.mode = mode;
    this.element.classList.toggle('shaded', mode === 'districts');
    all('[data-map-mode]', this.panel).forEach((button) => {
      button.setAttribute('aria-pressed', String(button.dataset.mapMode === mode));
    });
    all('[data-legend]', this.panel).forEach((legend) => {
      legend.hidden = legend.dataset.legend !== mode;
    });
    this.ask();
  }

  /* ---------- asking ---------- */
  ask() {
    if (this.asked) {
      this.asked.abort();
    }
    this.rest();
    if (!this.map.getSize().x) {
      return;
    } /* hidden, as when the page is printed */
    if (this.mode === 'districts') {
      this.show([]);
      this.shade();
      this.city.names();
      this.say('');
      return;
    }
    const asked = new AbortController();
    this.asked = asked;
    this.map.getContainer().setAttribute('aria-busy', 'true');
    this.patience = setTimeout(() => {
      this.say(this.data.textLoading);
    }, PATIENCE);
    fetch(this.address(), { headers: { Accept: 'application/json' }, signal: asked.signal })
      .then((answer) => {
        if (!answer.ok) {
          throw new Error(answer.status);
        }
        return answer.json();
      })
      .then((answer) => {
        if (asked !== this.asked) {
          return;
        }
        this.draw(answer);
        this.city.names();
        this.say(answer.total ? '' : this.data.textNone);
        this.rest();
      })
      .catch((error) => {
        if (asked !== this.asked || error.name === 'AbortError') {
          return;
        }
        this.say(this.data.textFailed, true);
        this.rest();
      });
  }

  rest() {
    clearTimeout(this.patience);
    this.map.getContainer().removeAttribute('aria-busy');
  }

  address() {
    const url = new URL(this.data.pointsUrl, location.href);
    url.searchParams.set('bbox', this.map.getBounds().toBBoxString());
    url.searchParams.set('zoom', this.map.getZoom());
    url.searchParams.set('mode', this.mode);
    return url;
  }

  say(words, failed) {
    const state = one('[data-map-state]', this.panel);
    const retry = one('[data-map-retry]', this.panel);
    if (state) {
      state.textContent = words || '';
    }
    if (retry) {
      retry.hidden = !failed;
    }
  }

  /* ---------- clusters and points ---------- */
  draw(answer) {
    if (this.mode === 'heat') {
      this.show([]);
      this.heat.set(answer.cells, answer.level);
      this.heat.addTo(this.map);
      return;
    }
    const looks = answer.looks;
    this.most = answer.clusters.reduce((most, cluster) => Math.max(most, cluster.n), FEW);
    this.show(answer.clusters.map((cluster) => this.cluster(cluster)));
    this.pins.show(
      spots(
        answer.points.map((point) => {
          const look = looks[point[2]];
          return { lat: point[0], lon: point[1], tone: look.tone, icon: look.icon, title: look.title, card: point[3] };
        }),
        this.data.textSpot,
      ),
      this.open.bind(this),
    );
  }

  show(layers) {
    const held = this.element.contains(document.activeElement) && document.activeElement !== this.element;
    this.heat.remove();
    this.pins.show([]);
    this.group.clearLayers();
    layers.forEach((layer) => {
      layer.addTo(this.group);
    });
    /* What had the focus is gone: it stays on the map. */
    if (held && !document.activeElement.closest('.leaflet-container')) {
      this.element.focus({ preventScroll: true });
    }
  }

  cluster(cluster) {
    const map = this.map;
    const share = cluster.n / this.most;
    const size = share > LARGE ? 'lg' : share > MIDDLE ? 'md' : 'sm';
    const mark = document.createElement('span');
    mark.className = `map-cluster ${size}`;
    mark.textContent = number(cluster.n);
    const marker = L.marker([cluster.lat, cluster.lon], {
      icon: L.divIcon({ className: '', iconSize: [44, 44], html: mark }),
      zIndexOffset: cluster.n,
      riseOnHover: true,
    });
    const label = this.data.textCluster.replace('{count}', number(cluster.n));
    marker.on('add', () => {
      marker.getElement().setAttribute('aria-label', label);
    });
    function nearer() {
      const box = cluster.box;
      const zoom = map.getBoundsZoom([
        [box[1], box[0]],
        [box[3], box[2]],
      ]);
      map.setView(marker.getLatLng(), Math.min(map.getMaxZoom(), Math.max(zoom, Math.floor(map.getZoom()) + 1)));
    }
    marker.on('click', nearer);
    marker.on('keydown', (e) => {
      if (e.originalEvent.key === 'Enter') {
        nearer();
      }
    });
    return marker;
  }

  /* ---------- cards ---------- */
  open(point, layer) {
    const box = document.createElement('div');
    box.className = 'vstack-3';
    box.setAttribute('aria-live', 'polite');
    box.append(document.createElement('p'));
    box.firstChild.textContent = this.data.textLoading;
    /* On the map, not on the layer: the map may move to make room, and its points are redrawn. */
    const popup = L.popup({
      minWidth: 200,
      maxWidth: Math.min(300, this.map.getSize().x - BUTTONS - AROUND),
      maxHeight: 260,
      /* The card stands beside the buttons of the map, never below them. */
      autoPanPaddingTopLeft: [BUTTONS, 8],
      autoPanPaddingBottomRight: [8, 40],
      offset: [0, 8 - layer.options.icon.options.iconAnchor[1]],
    })
      .setLatLng([point.lat, point.lon])
      .setContent(box)
      .openOn(this.map);
    const close = one('.leaflet-popup-close-button', popup.getElement());
    close.setAttribute('aria-label', this.data.textClose);
    if (point.cards.length) {
      this.deal(box, popup, point.cards);
      return;
    }
    box.firstChild.textContent = point.title;
    box.append(document.createElement('p'));
    box.lastChild.className = 'small muted';
    box.lastChild.textContent = this.data.textPrivate;
    popup.update();
    close.focus({ preventScroll: true });
  }

  /* Some cards come in place of what waits for them at the end: the words, or the button that asked for more. */
  deal(box, popup, cards) {
    const waiting = box.lastChild;
    waiting.disabled = true;
    Promise.all(cards.slice(0, CARDS).map((card) => this.card(card)))
      .then((found) => {
        const place = box.children.length - 1;
        waiting.remove();
        box.insertAdjacentHTML('beforeend', found.join(''));
        if (cards.length > CARDS) {
          box.appendChild(this.more(box, popup, cards.slice(CARDS)));
        }
        if (!place) {
          popup.update();
        }
        const link = box.children[place] && one('a', box.children[place]);
        if (link) {
          link.focus({ preventScroll: !place });
        }
      })
      .catch(() => {
        waiting.textContent = this.data.textFailed;
        waiting.disabled = false;
      });
  }

  more(box, popup, cards) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn btn-quiet btn-sm';
    button.textContent = this.data.textMore.replace('{count}', number(cards.length));
    button.addEventListener('click', this.deal.bind(this, box, popup, cards));
    return button;
  }

  card(card) {
    const url = this.data.cardUrl.replace('CARD', encodeURIComponent(card));
    this.cards[card] = this.cards[card] || piece(url);
    return this.cards[card];
  }

  /* ---------- districts ---------- */
  follow(latlng) {
    if (this.mode !== 'districts') {
      return;
    }
    const hit = this.city.of('district').filter((feature) => inside(feature, latlng))[0];
    const link =
      hit && all('[data-district]', this.panel).filter((one) => one.dataset.district === hit.properties.name)[0];
    if (link) {
      location.assign(link.href);
    }
  }

  shade() {
    const legend = one('[data-districts]', this.panel);
    const shades = legend ? JSON.parse(legend.dataset.districts) : {};
    const style = (feature) => {
      const shade = shades[feature.properties.name];
      return {
        color: token('--surface'),
        weight: 2,
        opacity: 1,
        fillOpacity: shade === undefined ? 0 : 0.78,
        fillColor: token(`--shade-${shade || 0}`),
      };
    };
    L.geoJSON(this.city.of('district'), {
      style: style,
      interactive: false,
      pane: 'areas',
      renderer: this.city.renderers.areas,
    }).addTo(this.group);
  }
}
/* Reports of the very same place are one point with several cards. */
function spots(points, text) {
  const places = Object.create(null);
  const found = [];
  points.forEach((point) => {
    const key = `${point.lat} ${point.lon}`;
    const first = places[key];
    if (!first) {
      places[key] = point;
      point.cards = point.card ? [point.card] : [];
      point.several = 1;
      found.push(point);
      return;
    }
    first.several += 1;
    if (point.card) {
      first.cards.push(point.card);
    }
    first.title = text.replace('{count}', number(first.several));
  });
  return found;
}

/* ---------- heat ---------- */
const Heat = L.Layer.extend({
  set(cells, level) {
    this.cells = cells;
    this.level = level;
    if (this._map) {
      this.paint();
    }
  },
  onAdd(map) {
    this.canvas = this.canvas || document.createElement('canvas');
    this.canvas.className = 'map-heat';
    map.getPanes().overlayPane.append(this.canvas);
    map.on('moveend', this.paint, this);
    this.paint();
  },
  onRemove(map) {
    this.canvas.remove();
    map.off('moveend', this.paint, this);
  },
  paint() {
    const map = this._map;
    const size = map.getSize();
    const context = this.canvas.getContext('2d', { willReadFrequently: true });
    const radius = TILE * 2 ** (map.getZoom() - this.level) * 1.1;
    const most = this.cells.reduce((found, cell) => Math.max(found, cell[2]), 1);
    this.canvas.width = size.x;
    this.canvas.height = size.y;
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
    this.cells.forEach((cell) => {
      const at = map.latLngToContainerPoint([cell[0], cell[1]]);
      const glow = context.createRadialGradient(at.x, at.y, 0, at.x, at.y, radius);
      /* The root: one busy crossing shall not make the rest of the city look empty. */
      glow.addColorStop(0, `rgba(0, 0, 0, ${0.12 + 0.6 * Math.sqrt(cell[2] / most)})`);
      glow.addColorStop(1, 'rgba(0, 0, 0, 0)');
      context.fillStyle = glow;
      context.fillRect(at.x - radius, at.y - radius, 2 * radius, 2 * radius);
    });
    colour(context, size);
  },
});
function colour(context, size) {
  if (!size.x || !size.y) {
    return;
  }
  const image = context.getImageData(0, 0, size.x, size.y);
  const shades = palette();
  for (let i = 3; i < image.data.length; i += 4) {
    const thick = image.data[i];
    if (thick) {
      image.data[i - 3] = shades[thick * 4];
      image.data[i - 2] = shades[thick * 4 + 1];
      image.data[i - 1] = shades[thick * 4 + 2];
      image.data[i] = Math.min(215, thick * 1.7);
    }
  }
  context.putImageData(image, 0, 0);
}
function palette() {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d');
  const scale = context.createLinearGradient(0, 0, 256, 0);
  canvas.width = 256;
  canvas.height = 1;
  HEAT.forEach((stop) => {
    scale.addColorStop(stop[0], stop[1]);
  });
  context.fillStyle = scale;
  context.fillRect(0, 0, 256, 1);
  return context.getImageData(0, 0, 256, 1).data;
}
