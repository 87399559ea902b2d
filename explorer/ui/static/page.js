// The page's own behaviour: frames, shortcuts, theme, tabs, address bar, notices.
"use strict";
(() => {
  const $ = (selector) => document.querySelector(selector);
  const root = document.documentElement;
  let bridge = null;
  let presses = 0;

  const send = (name) => bridge && bridge.setv({command: `${name}#${++presses}`});

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
    document.addEventListener("refused", (event) => notice("error", event.detail));
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
      window.changeBokeh();
      start.patched = true;
    }
    const doc = window.Bokeh.documents[0];
    const model = doc && doc.is_idle && doc.get_model_by_name("bridge_model");
    if (model) { clearInterval(wait); start(model); }
  }, 15);
})();
