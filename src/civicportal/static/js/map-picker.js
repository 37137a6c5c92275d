/* Choosing a place: the map moves under a fixed crosshair. Needs portal.js and map-city.js; map.js calls it.

   <div data-picker>
     <div data-map="picker" data-lat-field="ID" data-lon-field="ID">    ids of two hidden fields
     <input data-map-search> <div data-map-results hidden>   names of roads, squares, parks, districts
     <button data-locate>                                    the position of the device
   and beside it <p role="status" data-map-status data-text-denied data-text-none data-text-outside>.
   A "change" event bubbles from the hidden fields when the map rests. Nothing is written before the
   person has moved the map, searched or asked for the position. */
(function () {
  'use strict';
  var cp = window.civicportal;

  function setUpPicker(element, map, city) {
    var box = element.closest('[data-picker]');
    var lat = document.getElementById(element.dataset.latField);
    var lon = document.getElementById(element.dataset.lonField);
    var status = cp.one('[data-map-status]', box.parentNode);
    var touched = lat.value !== '';
    var size = map.getSize();
    var middle = map.getCenter();

    function say(words) { if (status) { status.textContent = words || ''; } }
    function take() {
      var place = middle;
      if (!touched) { return; }
      lat.value = place.lat.toFixed(6);
      lon.value = place.lng.toFixed(6);
      say(city.contains(place) ? '' : status && status.dataset.textOutside);
      lon.dispatchEvent(new Event('change', { bubbles: true }));
    }
    function goTo(latlng, zoom) {
      touched = true;
      map.setView(latlng, zoom);
    }
    function fromFields() {
      if (lat.value && lon.value) { goTo([Number(lat.value), Number(lon.value)], Math.max(map.getZoom(), 16)); }
    }
    function touch() { touched = true; }
    map.on('dragstart zoomstart', touch);
    element.addEventListener('keydown', function (e) { if (/^Arrow/.test(e.code)) { touch(); } });
    /* The pin stays on its place when the map gets another size, or none while its step is not shown. */
    map.on('moveend', function () {
      if (!map.getSize().equals(size)) { return; }
      middle = map.getCenter();
      take();
    });
    map.on('resize', function () {
      size = map.getSize();
      map.setView(middle, map.getZoom(), { animate: false });
    });
    fromFields();
    if (lat.form) { lat.form.addEventListener('draft-restored', fromFields); }
    setUpSearch(box, city, goTo, function (found) { say(found ? '' : status && status.dataset.textNone); });
    cp.one('[data-locate]', box).addEventListener('click', function () {
      if (!navigator.geolocation) { say(status.dataset.textDenied); return; }
      navigator.geolocation.getCurrentPosition(function (position) {
        goTo([position.coords.latitude, position.coords.longitude], 17);
      }, function () { say(status.dataset.textDenied); }, { enableHighAccuracy: true, timeout: 8000 });
    });
  }
  function setUpSearch(box, city, goTo, found) {
    var field = cp.one('[data-map-search]', box);
    var list = cp.one('[data-map-results]', box);
    var places = Object.create(null);
    ['road', 'square', 'park', 'district', 'label', 'water'].forEach(function (kind) {
      city.of(kind).forEach(function (feature) {
        if (feature.properties.name && !places[feature.properties.name]) { places[feature.properties.name] = feature; }
      });
    });
    function choose(name) {
      field.value = name;
      list.hidden = true;
      goTo(cp.City.centre(places[name]), 17);
      field.focus();
    }
    function search() {
      var words = cp.key(field.value);
      var names = words.length < 2 ? [] : Object.keys(places).filter(function (name) { return cp.key(name).indexOf(words) >= 0; }).slice(0, 6);
      list.replaceChildren.apply(list, names.map(function (name) {
        var button = document.createElement('button');
        button.type = 'button';
        button.textContent = name;
        button.addEventListener('click', function () { choose(name); });
        return button;
      }));
      list.hidden = names.length === 0;
      found(words.length < 2 || names.length > 0);
    }
    field.addEventListener('input', search);
    field.addEventListener('keydown', function (e) {
      var first = cp.one('button', list);
      if (e.code === 'Enter') {
        e.preventDefault();
        if (first && !list.hidden) { first.click(); }
      }
      if (e.code === 'ArrowDown' && first && !list.hidden) { e.preventDefault(); first.focus(); }
      if (e.code === 'Escape') { list.hidden = true; }
    });
    list.addEventListener('keydown', function (e) {
      var next = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[e.code];
      if (e.code === 'Escape') { list.hidden = true; field.focus(); }
      if (!next) { return; }
      e.preventDefault();
      (document.activeElement[next] || field).focus();
    });
  }

  cp.setUpPicker = setUpPicker;
})();
