// The page's own behaviour: frames, shortcuts, theme, tabs, address bar, notices.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const root = document.documentElement;
  let bridge = null;
  let presses = 0;

  const send = (name) => bridge && bridge.setv({command: `${name}#${++presses}`});

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

  function theme(name) {
    root.dataset.theme = name;
    localStorage.setItem("theme", name);
    const button = $("#theme");
    button.setAttribute("aria-pressed", name === "dark");
    button.textContent = name === "dark" ? "☼" : "☾";
    if (bridge) bridge.setv({theme: name});
  }

  function lecture(on) {
    root.dataset.lecture = on;
    localStorage.setItem("lecture", on);
    $("#lecture").setAttribute("aria-pressed", on);
    if (bridge) bridge.setv({lecture: on});
  }

  function showTab(name) {
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const open = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", open);
      tab.tabIndex = open ? 0 : -1;
      $(`#panel-${tab.dataset.tab}`).hidden = !open;
    }
  }

  function notice(kind, text) {
    const box = document.createElement("div");
    box.className = `notice ${kind}`;
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.textContent = "×";
    close.setAttribute("aria-label", "Dismiss");
    close.onclick = () => box.remove();
    box.append(words, close);
    $("#notices").append(box);
    while ($("#notices").children.length > 4) $("#notices").firstChild.remove();
    if (kind !== "error") setTimeout(() => box.remove(), 6000);
  }

  function address(search) {
    if (!search || search === location.search) return;
    if (location.search === "" || address.first === undefined) history.replaceState({}, "", search);
    else history.pushState({}, "", search);
    address.first = false;
  }

  function share() {
    const text = location.href;
    const done = () => notice("info", "The link is copied; it shows exactly this.");
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => notice("info", text));
    else notice("info", text);
  }

  function enlarge(button) {
    const card = button.closest(".card");
    const big = !card.classList.contains("big");
    document.querySelectorAll(".card.big").forEach((c) => c.classList.remove("big"));
    card.classList.toggle("big", big);
    card.parentElement.classList.toggle("one", big);
    button.setAttribute("aria-pressed", big);
  }

  function listen() {
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.command) send(button.dataset.command);
      if (button.dataset.dialog) $(`#${button.dataset.dialog}`).showModal();
      if (button.dataset.tab) { showTab(button.dataset.tab); bridge.setv({tab: button.dataset.tab}); }
      if (button.classList.contains("enlarge")) enlarge(button);
    });
    // While one types, Ctrl-Z takes back letters; once the value is taken, it is the page's.
    const typed = new WeakSet();
    document.addEventListener("input", (event) => typed.add(event.composedPath()[0]));
    document.addEventListener("focusout", (event) => typed.delete(event.composedPath()[0]));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter") typed.delete(event.composedPath()[0]);
      if (!(event.ctrlKey || event.metaKey)) return;
      const typing = typed.has(event.composedPath()[0]);
      const key = event.key.toLowerCase();
      if (typing || (key !== "z" && key !== "y")) return;
      event.preventDefault();
      send(key === "y" || event.shiftKey ? "redo" : "undo");
    });
    $(".tabs").addEventListener("keydown", (event) => {
      const move = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!move) return;
      const tabs = [...document.querySelectorAll("[role=tab]")];
      const next = tabs[(tabs.indexOf(document.activeElement) + move + tabs.length) % tabs.length];
      next.focus();
      next.click();
    });
    $("#theme").onclick = () => theme(root.dataset.theme === "dark" ? "light" : "dark");
    $("#lecture").onclick = () => lecture(root.dataset.lecture !== "true");
    $("#share").onclick = share;
    $("#drawer").onclick = () => {
      const open = document.body.classList.toggle("drawer");
      $("#drawer").setAttribute("aria-expanded", open);
    };
    window.addEventListener("popstate", () => bridge.setv({popped: location.search || "?"}));
  }

  function painted() {
    const frame = bridge.frame;
    requestAnimationFrame(() => setTimeout(() => bridge.setv({painted: frame}), 0));
  }

  function follow(name, action) {
    bridge.properties[name].change.connect(() => action(bridge[name]));
  }

  // A hint goes once it has been followed, and does not come back in this browser.
  function hints() {
    const done = new Set(JSON.parse(localStorage.getItem("hints") || "[]"));
    const hide = (name) => {
      const hint = $(`[data-hint=${name}]`);
      if (hint) hint.hidden = true;
      done.add(name);
      localStorage.setItem("hints", JSON.stringify([...done]));
    };
    done.forEach(hide);
    const doc = window.Bokeh.documents[0];
    const slider = doc.get_model_by_name("tau_i");
    slider.properties.value.change.connect(() => { hide("eeg"); hide("spectrum"); });
    follow("cursor_ms", () => hide("evoked"));
  }

  function start(model) {
    bridge = model;
    listen();
    follow("frame", painted);
    follow("search", address);
    follow("tab", showTab);
    follow("notice", (text) => { const {kind, words} = JSON.parse(text); notice(kind, words); });
    follow("can", (can) => {
      $("[data-command=undo]").disabled = !can.includes("undo");
      $("[data-command=redo]").disabled = !can.includes("redo");
      $("#lock").setAttribute("aria-pressed", can.includes("locked"));
    });
    theme(root.dataset.theme);
    lecture(root.dataset.lecture === "true");
    if (bridge.notice) { const {kind, words} = JSON.parse(bridge.notice); notice(kind, words); }
    showTab(bridge.tab);
    address(bridge.search);
    hints();
    root.dataset.ready = "true";
    painted();
  }

  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = localStorage.getItem("theme") || dark;
  root.dataset.lecture = localStorage.getItem("lecture") || "false";
  const wait = setInterval(() => {
    if (!window.Bokeh) return;
    if (!start.patched) {
      patchSliders(); patchPainting(); patchAxes(); patchWords();
      start.patched = true;
    }
    const doc = window.Bokeh.documents[0];
    const model = doc && doc.is_idle && doc.get_model_by_name("bridge_model");
    if (model) { clearInterval(wait); start(model); }
  }, 15);
})();
