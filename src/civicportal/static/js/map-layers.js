/* What a map shows of very many places: clusters with their numbers, points with a card, heat, districts in shades.
   Needs portal.js, Leaflet, map-city.js; map.js calls it.

   <div data-map-panel>
     <button data-map-mode="clusters|heat|districts" aria-pressed>     what is shown
     <div data-legend="heat|districts" hidden>                        its legend; of districts with their shades:
                                                                      data-districts='{"NAME": 0…4}'
     <div data-map-numbers="URL">                                     is filled with that piece of a page
       <a data-district="NAME">                                       where a click on the district leads
     <div data-map data-points-url="URL" data-card-url="URL"
          data-text-cluster data-text-spot data-text-more data-text-close data-text-loading data-text-failed data-text-none>
     <p role="status" data-map-state><button data-map-retry hidden>
   points-url is asked with bbox=west,south,east,north, zoom and mode=clusters|heat and answers
   {total, clusters: [{n, lat, lon, box}], looks: [{tone, icon, title}], points: [[lat, lon, look, card]]} or
   {level, cells: [[lat, lon, n]]}. card-url holds CARD where the card of a point goes; it answers a piece of a page.
   What somebody has chosen to see stands behind the # of the address, "#map=MODE/ZOOM/LAT/LON", for the way back. */
(function () {
  'use strict';
  var cp = window.civicportal;
  var PATIENCE = 300; /* ms before a map says that it is loading */
  var LARGE = 0.66, MIDDLE = 0.25; /* shares of the largest cluster in view from which one looks larger */
  var FEW = 10; /* the largest one counts as so many at least: nothing is large among few */
  var SEEN = /^#map=(clusters|heat|districts)\/(\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)\/(-?\d+(?:\.\d+)?)$/;
  var HEAT = [[0, '#7fc4bd'], [0.35, '#7fc4bd'], [0.6, '#e7c35f'], [0.8, '#dd7d3c'], [1, '#b02a1e']];
  var TILE = 256;
  var CARDS = 20; /* of one place at a time: each is asked for by itself */

  function Layers(map, city, element, pins) {
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
  Layers.prototype.start = function () {
    var self = this;
    cp.all('[data-map-mode]', this.panel).forEach(function (button) {
      button.addEventListener('click', function () { self.choose(button.dataset.mapMode); self.remember(); });
    });
    var retry = cp.one('[data-map-retry]', this.panel);
    if (retry) { retry.addEventListener('click', function () { self.ask(); }); }
    this.recall();
    this.map.on('moveend', function () {
      if (self.mode !== 'districts') { self.ask(); }
      self.remember(); /* the last: a browser refuses it where a map is moved too often */
    });
    this.map.on('click', function (e) { self.follow(e.latlng); });
    cp.onTheme(function () { self.ask(); });
    this.choose(this.mode);
    this.fillNumbers();
  };
  Layers.prototype.remember = function () {
    var at = this.map.getCenter();
    if (!this.map.getSize().x) { return; }
    history.replaceState(history.state, '', '#map=' + [this.mode, this.map.getZoom(), at.lat.toFixed(5), at.lng.toFixed(5)].join('/'));
  };
  Layers.prototype.recall = function () {
    var seen = SEEN.exec(location.hash);
    if (!seen) { return; }
    if (cp.one('[data-map-mode=' + seen[1] + ']', this.panel)) { this.mode = seen[1]; }
    this.map.setView([Number(seen[3]), Number(seen[4])], Number(seen[2]));
  };
  Layers.prototype.fillNumbers = function () {
    var self = this;
    var place = cp.one('[data-map-numbers]', this.panel);
    if (!place || !place.dataset.mapNumbers) { return; }
    cp.piece(place.dataset.mapNumbers)
      .then(function (piece) {
        place.innerHTML = piece;
        if (self.mode === 'districts') { self.choose(self.mode); }
      })
      .catch(function () { /* the page of the map has them too */ });
  };
  Layers.prototype.choose = function (mode) {
    this.mode = mode;
    this.element.classList.toggle('shaded', mode === 'districts');
    cp.all('[data-map-mode]', this.panel).forEach(function (button) {
      button.setAttribute('aria-pressed', String(button.dataset.mapMode === mode));
    });
    cp.all('[data-legend]', this.panel).forEach(function (legend) { legend.hidden = legend.dataset.legend !== mode; });
    this.ask();
  };

  /* ---------- asking ---------- */
  Layers.prototype.ask = function () {
    var self = this;
    if (this.asked) { this.asked.abort(); }
    this.rest();
    if (!this.map.getSize().x) { return; } /* hidden, as when the page is printed */
    if (this.mode === 'districts') { this.show([]); this.shade(); this.city.names(); this.say(''); return; }
    var asked = this.asked = new AbortController();
    this.map.getContainer().setAttribute('aria-busy', 'true');
    this.patience = setTimeout(function () { self.say(self.data.textLoading); }, PATIENCE);
    fetch(this.address(), { headers: { Accept: 'application/json' }, signal: asked.signal })
      .then(function (answer) {
        if (!answer.ok) { throw new Error(answer.status); }
        return answer.json();
      })
      .then(function (answer) {
        if (asked !== self.asked) { return; }
        self.draw(answer);
        self.city.names();
        self.say(answer.total ? '' : self.data.textNone);
        self.rest();
      })
      .catch(function (error) {
        if (asked !== self.asked || error.name === 'AbortError') { return; }
        self.say(self.data.textFailed, true);
        self.rest();
      });
  };
  Layers.prototype.rest = function () {
    clearTimeout(this.patience);
    this.map.getContainer().removeAttribute('aria-busy');
  };
  Layers.prototype.address = function () {
    var url = new URL(this.data.pointsUrl, location.href);
    url.searchParams.set('bbox', this.map.getBounds().toBBoxString());
    url.searchParams.set('zoom', this.map.getZoom());
    url.searchParams.set('mode', this.mode);
    return url;
  };
  Layers.prototype.say = function (words, failed) {
    var state = cp.one('[data-map-state]', this.panel);
    var retry = cp.one('[data-map-retry]', this.panel);
    if (state) { state.textContent = words || ''; }
    if (retry) { retry.hidden = !failed; }
  };

  /* ---------- clusters and points ---------- */
  Layers.prototype.draw = function (answer) {
    if (this.mode === 'heat') {
      this.show([]);
      this.heat.set(answer.cells, answer.level);
      this.heat.addTo(this.map);
      return;
    }
    var looks = answer.looks;
    this.most = answer.clusters.reduce(function (most, cluster) { return Math.max(most, cluster.n); }, FEW);
    this.show(answer.clusters.map(this.cluster, this));
    this.pins.show(spots(answer.points.map(function (point) {
      var look = looks[point[2]];
      return { lat: point[0], lon: point[1], tone: look.tone, icon: look.icon, title: look.title, card: point[3] };
    }), this.data.textSpot), this.open.bind(this));
  };
  Layers.prototype.show = function (layers) {
    var held = this.element.contains(document.activeElement) && document.activeElement !== this.element;
    this.heat.remove();
    this.pins.show([]);
    this.group.clearLayers();
    layers.forEach(function (layer) { layer.addTo(this.group); }, this);
    /* What had the focus is gone: it stays on the map. */
    if (held && !document.activeElement.closest('.leaflet-container')) { this.element.focus({ preventScroll: true }); }
  };
  Layers.prototype.cluster = function (cluster) {
    var map = this.map;
    var share = cluster.n / this.most;
    var size = share > LARGE ? 'lg' : share > MIDDLE ? 'md' : 'sm';
    var mark = document.createElement('span');
    mark.className = 'map-cluster ' + size;
    mark.textContent = cp.number(cluster.n);
    var marker = L.marker([cluster.lat, cluster.lon], {
      icon: L.divIcon({ className: '', iconSize: [44, 44], html: mark }), zIndexOffset: cluster.n, riseOnHover: true
    });
    var label = this.data.textCluster.replace('{count}', cp.number(cluster.n));
    marker.on('add', function () { marker.getElement().setAttribute('aria-label', label); });
    function nearer() {
      var box = cluster.box;
      var zoom = map.getBoundsZoom([[box[1], box[0]], [box[3], box[2]]]);
      map.setView(marker.getLatLng(), Math.min(map.getMaxZoom(), Math.max(zoom, Math.floor(map.getZoom()) + 1)));
    }
    marker.on('click', nearer);
    marker.on('keydown', function (e) { if (e.originalEvent.code === 'Enter') { nearer(); } });
    return marker;
  };
  /* Reports of the very same place are one point with several cards. */
  function spots(points, text) {
    var places = Object.create(null);
    var found = [];
    points.forEach(function (point) {
      var key = point.lat + ' ' + point.lon;
      var first = places[key];
      if (!first) {
        places[key] = point;
        point.cards = point.card ? [point.card] : [];
        point.several = 1;
        found.push(point);
        return;
      }
      first.several += 1;
      if (point.card) { first.cards.push(point.card); }
      first.title = text.replace('{count}', cp.number(first.several));
    });
    return found;
  }

  /* ---------- cards ---------- */
  Layers.prototype.open = function (point, layer) {
    var box = document.createElement('div');
    box.className = 'vstack-3';
    box.setAttribute('aria-live', 'polite');
    box.append(document.createElement('p'));
    box.firstChild.textContent = this.data.textLoading;
    /* On the map, not on the layer: the map may move to make room, and its points are drawn anew. */
    var popup = L.popup({ minWidth: 220, maxWidth: 300, maxHeight: 260, offset: layer.options.icon ? [0, -30] : [0, 0] })
      .setLatLng([point.lat, point.lon]).setContent(box).openOn(this.map);
    cp.one('.leaflet-popup-close-button', popup.getElement()).setAttribute('aria-label', this.data.textClose);
    this.deal(box, popup, point.cards);
  };
  /* Some cards come in place of what waits for them at the end: the words, or the button that asked for more. */
  Layers.prototype.deal = function (box, popup, cards) {
    var self = this;
    var waiting = box.lastChild;
    waiting.disabled = true;
    Promise.all(cards.slice(0, CARDS).map(function (card) { return self.card(card); })).then(function (found) {
      var place = box.children.length - 1;
      waiting.remove();
      box.insertAdjacentHTML('beforeend', found.join(''));
      if (cards.length > CARDS) { box.appendChild(self.more(box, popup, cards.slice(CARDS))); }
      if (!place) { popup.update(); }
      var link = box.children[place] && cp.one('a', box.children[place]);
      if (link) { link.focus({ preventScroll: !place }); }
    }).catch(function () {
      waiting.textContent = self.data.textFailed;
      waiting.disabled = false;
    });
  };
  Layers.prototype.more = function (box, popup, cards) {
    var button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn btn-quiet btn-sm';
    button.textContent = this.data.textMore.replace('{count}', cp.number(cards.length));
    button.addEventListener('click', this.deal.bind(this, box, popup, cards));
    return button;
  };
  Layers.prototype.card = function (card) {
    var url = this.data.cardUrl.replace('CARD', encodeURIComponent(card));
    this.cards[card] = this.cards[card] || cp.piece(url);
    return this.cards[card];
  };

  /* ---------- districts ---------- */
  Layers.prototype.follow = function (latlng) {
    if (this.mode !== 'districts') { return; }
    var hit = this.city.of('district').filter(function (feature) { return cp.City.inside(feature, latlng); })[0];
    var link = hit && cp.all('[data-district]', this.panel).filter(function (one) { return one.dataset.district === hit.properties.name; })[0];
    if (link) { location = link.href; }
  };
  Layers.prototype.shade = function () {
    var legend = cp.one('[data-districts]', this.panel);
    var shades = legend ? JSON.parse(legend.dataset.districts) : {};
    var style = function (feature) {
      var shade = shades[feature.properties.name];
      return {
        color: cp.token('--surface'), weight: 2, opacity: 1, fillOpacity: shade === undefined ? 0 : 0.78,
        fillColor: cp.token('--shade-' + (shade || 0))
      };
    };
    L.geoJSON(this.city.of('district'), {
      style: style, interactive: false, pane: 'areas', renderer: this.city.renderers.areas
    }).addTo(this.group);
  };

  /* ---------- heat ---------- */
  var Heat = L.Layer.extend({
    set: function (cells, level) {
      this.cells = cells;
      this.level = level;
      if (this._map) { this.paint(); }
    },
    onAdd: function (map) {
      this.canvas = this.canvas || document.createElement('canvas');
      this.canvas.className = 'map-heat';
      map.getPanes().overlayPane.append(this.canvas);
      map.on('moveend', this.paint, this);
      this.paint();
    },
    onRemove: function (map) {
      this.canvas.remove();
      map.off('moveend', this.paint, this);
    },
    paint: function () {
      var map = this._map;
      var size = map.getSize();
      var context = this.canvas.getContext('2d', { willReadFrequently: true });
      var radius = TILE * Math.pow(2, map.getZoom() - this.level) * 1.1;
      var most = this.cells.reduce(function (found, cell) { return Math.max(found, cell[2]); }, 1);
      this.canvas.width = size.x;
      this.canvas.height = size.y;
      L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
      this.cells.forEach(function (cell) {
        var at = map.latLngToContainerPoint([cell[0], cell[1]]);
        var glow = context.createRadialGradient(at.x, at.y, 0, at.x, at.y, radius);
        /* The root: one busy crossing shall not make the rest of the city look empty. */
        glow.addColorStop(0, 'rgba(0, 0, 0, ' + (0.12 + 0.6 * Math.sqrt(cell[2] / most)) + ')');
        glow.addColorStop(1, 'rgba(0, 0, 0, 0)');
        context.fillStyle = glow;
        context.fillRect(at.x - radius, at.y - radius, 2 * radius, 2 * radius);
      });
      colour(context, size);
    }
  });
  function colour(context, size) {
    if (!size.x || !size.y) { return; }
    var image = context.getImageData(0, 0, size.x, size.y);
    var shades = palette();
    for (var i = 3; i < image.data.length; i += 4) {
      var thick = image.data[i];
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
    var canvas = document.createElement('canvas');
    var context = canvas.getContext('2d');
    var scale = context.createLinearGradient(0, 0, 256, 0);
    canvas.width = 256;
    canvas.height = 1;
    HEAT.forEach(function (stop) { scale.addColorStop(stop[0], stop[1]); });
    context.fillStyle = scale;
    context.fillRect(0, 0, 256, 1);
    return context.getImageData(0, 0, 256, 1).data;
  }

  cp.MapLayers = Layers;
})();
