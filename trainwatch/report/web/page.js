"use strict";
// Draws the curves of the page's data block. Text goes into the page through textContent only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const holder = document.getElementById("charts");
  const SVG = "http://www.w3.org/2000/svg";
  const LEFT = 62, RIGHT = 16, TOP = 8, BOTTOM = 24;
  const state = { smooth: 0, log: false, ranks: false, zoom: null };

  const make = (name, attributes, parent) => {
    const node = document.createElementNS(SVG, name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    if (parent) parent.appendChild(node);
    return node;
  };
  const figure = (value) => {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
    return String(Number(value.toPrecision(5)));
  };
  const smoothed = (values) => {
    if (state.smooth === 0) return values;
    let sum = 0, weight = 0;
    return values.map((value) => {
      if (value === null) return null;
      sum = state.smooth * sum + (1 - state.smooth) * value;
      weight = state.smooth * weight + (1 - state.smooth);
      return sum / weight; // without the pull towards 0 at the beginning
    });
  };
  const ticks = (low, high, wanted) => {
    if (!(high > low)) return [low];
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) || 10);
    const found = [];
    for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n += 1) found.push(n * step);
    return found;
  };
  const nearest = (x, at) => {
    let low = 0, high = x.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (x[middle] < at) low = middle + 1; else high = middle;
    }
    return low > 0 && at - x[low - 1] < x[low] - at ? low - 1 : low;
  };

  const series = (chart) => {
    const own = chart.curves.map((curve, n) => ({ ...curve, colour: n % 8 }));
    if (!state.ranks || chart.name !== "loss") return own;
    return own.concat(data.ranks.map((curve, n) => ({ ...curve, colour: (n + 1) % 8, thin: true })));
  };

  const draw = (chart) => {
    const { svg, caption } = chart;
    svg.replaceChildren();
    const width = Math.max(240, chart.box.clientWidth), height = chart.big ? 320 : 200;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("height", height);
    const shown = series(chart);
    let [from, to] = state.zoom || data.range;
    if (!(to > from)) { from -= 0.5; to += 0.5; }
    const good = (v) => v !== null && (!state.log || v > 0);
    let low = Infinity, high = -Infinity;
    for (const curve of shown) {
      curve.line = smoothed(curve.mean);
      curve.x.forEach((x, i) => {
        if (x < from || x > to) return;
        for (const v of state.smooth > 0 || curve.thin ? [curve.line[i]] : [curve.low[i], curve.high[i]]) {
          if (good(v)) { low = Math.min(low, v); high = Math.max(high, v); }
        }
      });
    }
    if (!(high >= low)) { low = state.log ? 0.1 : 0; high = 1; }
    const bend = state.log ? Math.log10 : (v) => v;
    let bottom = bend(low), top = bend(high);
    const room = (top - bottom || Math.abs(top) || 1) * 0.05;
    bottom -= room; top += room;
    const px = (x) => LEFT + ((x - from) / (to - from)) * (width - LEFT - RIGHT);
    const py = (v) => height - BOTTOM - ((bend(v) - bottom) / (top - bottom)) * (height - TOP - BOTTOM);
    const unpx = (p) => from + ((p - LEFT) / (width - LEFT - RIGHT)) * (to - from);

    for (const at of ticks(bottom, top, chart.big ? 6 : 4)) {
      const y = height - BOTTOM - ((at - bottom) / (top - bottom)) * (height - TOP - BOTTOM);
      make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }, svg);
      make("text", { x: LEFT - 7, y: y + 4, "text-anchor": "end" }, svg).textContent = figure(state.log ? 10 ** at : at);
    }
    for (const at of ticks(from, to, Math.max(2, Math.floor(width / 130)))) {
      make("text", { x: px(at), y: height - 7, "text-anchor": "middle" }, svg).textContent = figure(at);
    }
    for (const at of data.attempts) {
      if (at >= from && at <= to) {
        const mark = make("line", { class: "mark", x1: px(at), x2: px(at), y1: TOP, y2: height - BOTTOM }, svg);
        make("title", {}, mark).textContent = "another attempt begins";
      }
    }
    const clip = make("clipPath", { id: `clip-${chart.number}` }, svg);
    make("rect", { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: height - TOP - BOTTOM }, clip);
    const plot = make("g", { "clip-path": `url(#clip-${chart.number})` }, svg);
    const path = (x, values) => {
      let text = "", open = false;
      values.forEach((v, i) => {
        if (!good(v)) { open = false; return; }
        text += `${open ? "L" : "M"}${px(x[i]).toFixed(1)} ${py(v).toFixed(1)}`;
        if (!open && !good(values[i + 1])) text += "h.01"; // a point by itself is seen too
        open = true;
      });
      return text;
    };
    for (const curve of shown) {
      if (curve.low !== undefined && state.smooth === 0) {
        let band = "", run = [];
        const close = () => {
          if (run.length > 1) {
            band += "M" + run.map((i) => `${px(curve.x[i]).toFixed(1)} ${py(curve.high[i]).toFixed(1)}`).join("L");
            band += "L" + run.reverse().map((i) => `${px(curve.x[i]).toFixed(1)} ${py(curve.low[i]).toFixed(1)}`).join("L") + "Z";
          }
          run = [];
        };
        curve.x.forEach((x, i) => { if (good(curve.low[i]) && good(curve.high[i])) run.push(i); else close(); });
        close();
        make("path", { class: `band f${curve.colour}`, d: band }, plot);
      }
      if (state.smooth > 0 && !curve.thin) make("path", { class: `raw s${curve.colour}`, d: path(curve.x, curve.mean) }, plot);
      const line = make("path", { class: `${curve.thin ? "raw" : "curve"} s${curve.colour}`, d: path(curve.x, curve.line) }, plot);
      line.dataset.metric = curve.name;
      for (const at of curve.bad || []) make("line", { class: "nan", x1: px(at), x2: px(at), y1: TOP, y2: TOP + 9 }, plot);
    }
    const legend = (at) => {
      caption.replaceChildren();
      for (const curve of shown.slice(0, 9)) {
        const entry = document.createElement("span");
        entry.className = `f${curve.colour}`;
        const i = at === null ? curve.x.length - 1 : nearest(curve.x, at);
        entry.textContent = `${curve.name} ${at === null ? "" : figure(curve.line[i])}`;
        caption.appendChild(entry);
      }
      const place = document.createElement("span");
      place.className = "at";
      place.textContent = at === null ? data.x : `${data.x} ${figure(shown.length ? shown[0].x[nearest(shown[0].x, at)] : at)}`;
      caption.appendChild(place);
    };
    legend(null);
    const cursor = make("line", { class: "hover", y1: TOP, y2: height - BOTTOM, visibility: "hidden" }, svg);
    const box = make("rect", { class: "zoom", y: TOP, height: height - TOP - BOTTOM, visibility: "hidden" }, svg);
    const place = (event) => {
      const bounds = svg.getBoundingClientRect();
      return Math.min(width - RIGHT, Math.max(LEFT, ((event.clientX - bounds.left) / bounds.width) * width));
    };
    let begun = null;
    svg.onpointerdown = (event) => { begun = place(event); svg.setPointerCapture(event.pointerId); };
    svg.onpointermove = (event) => {
      const at = place(event);
      cursor.setAttribute("x1", at); cursor.setAttribute("x2", at);
      cursor.setAttribute("visibility", "visible");
      legend(unpx(at));
      if (begun !== null) {
        box.setAttribute("x", Math.min(begun, at)); box.setAttribute("width", Math.abs(at - begun));
        box.setAttribute("visibility", "visible");
      }
    };
    svg.onpointerup = (event) => {
      const at = place(event), start = begun;
      begun = null;
      if (start !== null && Math.abs(at - start) > 6) {
        state.zoom = [unpx(Math.min(at, start)), unpx(Math.max(at, start))];
        redraw();
      } else { box.setAttribute("visibility", "hidden"); }
    };
    svg.onpointerleave = () => { cursor.setAttribute("visibility", "hidden"); legend(null); };
    svg.ondblclick = () => { state.zoom = null; redraw(); };
  };

  const charts = data.charts.map((chart, number) => {
    const box = document.createElement("figure");
    box.className = "card";
    const caption = document.createElement("figcaption");
    box.appendChild(caption);
    const inner = document.createElement("div");
    box.appendChild(inner);
    const svg = make("svg", { role: "img", "aria-label": chart.name }, inner);
    holder.appendChild(box);
    return { ...chart, box: inner, caption, svg, number, big: number === 0 };
  });
  const redraw = () => charts.forEach(draw);
  const on = (id, event, act) => {
    const node = document.getElementById(id);
    if (node) node.addEventListener(event, () => { act(node); redraw(); });
  };
  on("smooth", "input", (node) => { state.smooth = Number(node.value) / 100; });
  on("log", "change", (node) => { state.log = node.checked; });
  on("ranks", "change", (node) => { state.ranks = node.checked; });
  on("reset", "click", () => { state.zoom = null; });
  let waiting = 0;
  window.addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(redraw); });
  redraw();
})();
