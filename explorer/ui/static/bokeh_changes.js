// What the page does otherwise than Bokeh and Panel: tracks, painting, dropped files.
"use strict";
(() => {
  const CHUNK_REST_MS = 8;

  // Logarithmic tracks: noUiSlider takes a non-linear range, which Bokeh does not pass on.
  function patchSliders() {
    const proto = window.Bokeh.Models.get("Slider").prototype.default_view.prototype;
    const plain = proto._calc_to;
    proto._calc_to = function () {
      const spec = plain.call(this);
      const {unit} = (this.model.tags || []).find((t) => t && t.label) || {unit: ""};
      spec.ariaFormat = {to: (x) => `${+x.toPrecision(4)} ${unit}`.trim(), from: Number};
      const tag = (this.model.tags || []).find((t) => t && t.points);
      if (tag) { spec.range = JSON.parse(tag.points); delete spec.step; }
      return spec;
    };
    const render = proto.render;
    proto.render = function () {
      render.call(this);
      const handle = this.slider_el.querySelector(".noUi-handle");
      const tag = (this.model.tags || []).find((t) => t && t.label);
      if (!handle || !tag) return;
      handle.setAttribute("aria-label", tag.label);
      handle.addEventListener("keydown", (event) => this._ten_steps(event, tag), true);
    };
    proto._ten_steps = function (event, tag) {
      const sign = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[event.key];
      if (!sign || !event.shiftKey) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const {start, end, value} = this.model;
      const jump = (this.model.tags || []).some((t) => t && t.points) ? 0.1 * value : tag.shift_step;
      const next = Math.min(Math.max(value + sign * jump, start), end);
      this.model.setv({value: next, value_throttled: next});
    };
  }

  // Bokeh writes the position of every axis, annotation and glyph into a style sheet at each
  // paint, also when nothing moved; the next label then waits for the page's style anew.
  // Writing only what changed takes about 25 ms off a frame of five plots.
  function patchPainting() {
    const sheet = window.Bokeh.require("core/dom").InlineStyleSheet.prototype;
    const write = sheet.replace;
    sheet.replace = function (css, styles) {
      if (styles === undefined && this.el.textContent === css) return;
      write.call(this, css, styles);
    };
    // An empty element follows each glyph about, though nothing stands in it.
    const {GlyphRendererView} = window.Bokeh.require("models/renderers/glyph_renderer");
    const place = GlyphRendererView.prototype.update_position;
    GlyphRendererView.prototype.update_position = function () {
      if (!this.model.tags.includes("unplaced")) place.call(this);
    };
    // Every data change builds a spatial index of all points of a line, which serves
    // automatic ranges only; the live lines, whose ranges are fixed, go without.
    const {LineView} = window.Bokeh.require("models/glyphs/line");
    const {SpatialIndex} = window.Bokeh.require("core/util/spatial");
    const index = LineView.prototype.index_data;
    LineView.prototype.index_data = function () {
      if (!this.model.tags.includes("unindexed")) return index.call(this);
      this._index = new SpatialIndex(0);
      this._index.finish();
    };
  }

  // An axis measures its labels twice at each paint; those of the live plots need it only when
  // a range, a label, the type or the size has changed. About 8 ms off a frame of five plots.
  function patchAxes() {
    const {AxisView} = window.Bokeh.require("models/axes/axis");
    const {get} = Object.getOwnPropertyDescriptor(AxisView.prototype, "extents");
    const measured = function () {
      if (!this.model.tags.includes("steady")) return get.call(this);
      const {model, plot_view: plot} = this;
      const [along, across] = this.ranges;
      const key = [
        along.start, along.end, across.start, across.end, model.axis_label, model.visible,
        model.axis_label_text_font_size, model.major_label_text_font_size,
        plot.frame.bbox.width, plot.frame.bbox.height,
      ].join();
      if (this._measured_for !== key || this._measured_label !== this._axis_label_view) {
        this._measured = get.call(this);
        this._measured_for = key;
        this._measured_label = this._axis_label_view;
      }
      return this._measured;
    };
    Object.defineProperty(AxisView.prototype, "extents", {get: measured});
  }

  // Bokeh clears half a pixel beside what it paints, so that a bright edge stayed in the dark.
  function patchClearing() {
    const {CanvasLayer} = window.Bokeh.require("core/util/canvas");
    const plain = CanvasLayer.prototype.clear;
    CanvasLayer.prototype.clear = function () {
      if (!(this.canvas instanceof HTMLCanvasElement)) { plain.call(this); return; }
      const {x, y, width, height} = this.bbox;
      this.ctx.clearRect(x - 1, y - 1, width + 2, height + 2);
    };
  }

  // Bokeh builds an element anew, style sheets and all, when its words change. Those that
  // change with every frame are written into the element that is there.
  function patchWords() {
    const proto = window.Bokeh.Models.get("Div").prototype.default_view.prototype;
    const plain = proto.rerender;
    proto.rerender = function () {
      const {tags, text} = this.model;
      const alone = tags.includes("words") && this._words !== undefined && this._words !== text;
      this._words = text;
      if (alone) this.markup_el.innerHTML = text;
      else plain.call(this);
    };
  }

  // Panel sends a dropped file's chunks as fast as they are read. Each waits here until the one
  // before has left, so that a slider's movement never stands behind the whole file.
  let socket = null;
  const sendNow = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) { socket = this; sendNow.call(this, data); };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  function patchUpload() {
    const proto = window.Bokeh.Models.get("panel.models.file_dropper.FileDropper")
      .prototype.default_view.prototype;
    const upload = proto._process_upload;
    const chunk = (blob) => ({async arrayBuffer() {
      do await pause(CHUNK_REST_MS); while (socket && socket.bufferedAmount > 0);
      return blob.arrayBuffer();
    }});
    proto._process_upload = function (file, loaded, failed, ...rest) {
      const {limit_mb: limit} = this.model.tags.find((t) => t && t.limit_mb) || {limit_mb: Infinity};
      const megabytes = (file.size + (this._taken || 0)) / 1e6;
      if (megabytes > limit) {
        const words = `recording: expected at most ${limit} MB, ` +
          `got ${file.name}, which makes ${Math.ceil(megabytes)} MB.`;
        document.dispatchEvent(new CustomEvent("refused", {detail: words}));
        failed("too large");
        return;
      }
      this._taken = (this._taken || 0) + file.size;
      const paced = {
        name: file.name, size: file.size, type: file.type, _relativePath: file._relativePath,
        slice: (from, to) => chunk(file.slice(from, to)),
      };
      return upload.call(this, paced, loaded, failed, ...rest);
    };
  }

  window.changeBokeh = () => {
    patchSliders();
    patchPainting();
    patchAxes();
    patchClearing();
    patchWords();
    patchUpload();
  };
})();
