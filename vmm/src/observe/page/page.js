// Shows the values of a plot under the pointer, zooms into a part of the time, and hides lines. The page is complete
// without this script.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip"), bar = document.getElementById("zoom");
  if (!bar) return;
  const make = (tag, set) => Object.assign(document.createElement(tag), set);
  const digits = (v) => String(Number(v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2)));
  const scaled = (base, names) => (v) => {
    let at = 0;
    if (v === 0) return "0";
    while (v >= base * 0.9995 && at + 1 < names.length) { v /= base; at += 1; }
    return digits(v) + names[at];
  };
  const show = {
    count: scaled(1000, ["", "k", "M", "G", "T"]),
    rate: scaled(1000, ["/s", "k/s", "M/s", "G/s", "T/s"]),
    bytes: scaled(1024, [" B/s", " KiB/s", " MiB/s", " GiB/s"]),
    percent: (v) => digits(v) + " %",
  };
  const exact = { ...show, count: (v) => v.toLocaleString("en") };
  const units = [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]];
  const unitOf = (t) => units.findLast(([size], n) => n === 0 || t >= size * 0.9995);

  // The axis values of units.rs.
  const round = (least) => {
    const power = 10 ** Math.floor(Math.log10(least));
    return ([1, 2, 5, 10].find((n) => n * power >= least * 0.999) ?? 10) * power;
  };
  const ticks = (format, most) => {
    if (format === "percent") return [0, 25, 50, 75, 100];
    const base = format === "bytes" ? 1024 : 1000;
    most = most > 0 ? most : 1;
    const unit = base ** Math.max(0, Math.floor(Math.log(most) / Math.log(base)));
    const step = round(most / unit / 4) * unit;
    return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, n) => n * step);
  };

  // The part of the time that all plots show, in nanoseconds.
  const whole = { from: 0, to: Math.max(data.end_ns, 1) };
  let seen = whole;
  // A time of the axis, as exact as the shown part needs it.
  const time = (t) => {
    const [size, name] = unitOf(seen.to);
    const decimals = Math.max(0, Math.ceil(2 - Math.log10((seen.to - seen.from) / size)));
    return `${Number((t / size).toFixed(decimals))} ${name}`;
  };
  const place = (t) => (t - seen.from) / (seen.to - seen.from);

  const charts = [...document.querySelectorAll(".chart")].map((box) => {
    const plot = data.plots[box.dataset.plot];
    const legend = [...box.parentElement.querySelectorAll(".legend li")];
    const [grid, ...lines] = box.querySelectorAll("svg path");
    const off = new Set(), count = Math.max(...plot.lines.map((line) => line.values.length));
    const value = (n, bucket) => (off.has(n) ? 0 : plot.lines[n].values[bucket] ?? 0);
    const chart = { box, plot, legend, lines, grid, off, count, value };
    legend.forEach((item, n) => {
      const button = make("button", { type: "button" });
      button.append(...item.childNodes);
      button.setAttribute("aria-pressed", "true");
      item.append(button);
      button.addEventListener("click", () => {
        if (!off.delete(n)) off.add(n);
        button.setAttribute("aria-pressed", String(!off.has(n)));
        draw(chart);
      });
    });
    return chart;
  });

  const draw = (chart) => {
    const { box, plot, lines, grid, off, count, value } = chart;
    const first = Math.max(0, Math.floor(seen.from / plot.width_ns));
    const end = Math.max(first + 1, Math.min(count, Math.ceil(seen.to / plot.width_ns)));
    const buckets = Array.from({ length: end - first }, (_, n) => first + n);
    const all = plot.lines.map((_, n) => n);
    const most = Math.max(...buckets.map((bucket) => {
      const values = all.map((n) => value(n, bucket));
      return plot.stacked ? values.reduce((sum, v) => sum + v, 0) : Math.max(...values);
    }));
    const marks = ticks(plot.format, most), top = marks.at(-1);
    const x = (bucket) => {
      const t = Math.min(Math.max(bucket * plot.width_ns, seen.from), seen.to);
      return (1000 * place(t)).toFixed(1);
    };
    const y = (v) => (100 * (1 - v / top)).toFixed(2);
    const stairs = (values) => values.flatMap((v, n) => [`${x(first + n)} ${y(v)}`, `${x(first + n + 1)} ${y(v)}`]);
    let below = buckets.map(() => 0);
    lines.forEach((path, n) => {
      const here = buckets.map((bucket, i) => value(n, bucket) + (plot.stacked ? below[i] : 0));
      const area = plot.stacked ? `L${stairs(below).reverse().join("L")}Z` : "";
      path.setAttribute("d", off.has(n) ? "" : `M${stairs(here).join("L")}${area}`);
      if (plot.stacked) below = here;
    });
    grid.setAttribute("d", marks.map((mark) => `M0 ${y(mark)}H1000`).join(""));
    box.querySelector(".ys").replaceChildren(...marks.map((mark) => {
      const label = make("span", { textContent: show[plot.format](mark) });
      label.style.bottom = `${100 * mark / top}%`;
      return label;
    }));
    const label = (at, textContent, className) => {
      const span = make("span", { textContent, className });
      if (!className || className === "odd") span.style.left = `${100 * at}%`;
      return span;
    };
    const labels = [label(0, time(seen.from), "first")];
    const [size] = unitOf(seen.to), step = round((seen.to - seen.from) / size / 4) * size;
    let before = 0;
    for (let t = Math.ceil(seen.from / step) * step; t < seen.to; t += step) {
      if (place(t) - before < 0.16 || place(t) > 0.84) continue;
      labels.push(label(place(t), time(t), labels.length % 2 ? "" : "odd"));
      before = place(t);
    }
    box.querySelector(".xs").replaceChildren(...labels, label(1, time(seen.to), "last"));
  };

  const says = make("output", {});
  const look = (from, to) => {
    // The shown part has at least four steps.
    const least = Math.min(whole.to, 4 * Math.max(...charts.map((chart) => chart.plot.width_ns)));
    const width = Math.min(whole.to, Math.max(to - from, least));
    const start = Math.min(Math.max((from + to - width) / 2, 0), whole.to - width);
    seen = width >= whole.to ? whole : { from: start, to: start + width };
    says.value = seen === whole ? "the whole run" : `${time(seen.from)} to ${time(seen.to)}`;
    bar.dataset.from = seen.from;
    bar.dataset.to = seen.to;
    charts.forEach(draw);
  };
  const by = (shift, scale) => () => {
    const width = seen.to - seen.from, middle = (seen.from + seen.to) / 2 + shift * width;
    look(middle - scale * width / 2, middle + scale * width / 2);
  };
  const steps = [
    ["−", "see more of the time", by(0, 2)],
    ["+", "see less of the time, closer", by(0, 0.5)],
    ["←", "earlier", by(-0.25, 1)],
    ["→", "later", by(0.25, 1)],
    ["whole run", "see the whole run", () => look(0, whole.to)],
  ];
  for (const [textContent, title, act] of steps) {
    const button = make("button", { type: "button", textContent, title });
    button.setAttribute("aria-label", title);
    button.addEventListener("click", act);
    bar.append(button);
  }
  bar.append(says, make("span", { textContent: "Drag over a plot to see a part; click a name to hide its line." }));
  bar.hidden = false;
  says.value = "the whole run";

  for (const { box, plot, off, count } of charts) {
    const picture = box.querySelector(".picture"), cursor = box.querySelector(".cursor");
    const part = picture.appendChild(make("i", { className: "part", hidden: true }));
    let start = null;
    const at = (event) => {
      const edge = picture.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - edge.left) / edge.width, 0), 1);
    };
    const when = (place) => seen.from + place * (seen.to - seen.from);
    const hide = () => { tip.hidden = true; cursor.style.display = "none"; };
    const move = (event) => {
      const here = at(event);
      if (start !== null) {
        part.hidden = false;
        part.style.left = `${100 * Math.min(start, here)}%`;
        part.style.width = `${100 * Math.abs(here - start)}%`;
      }
      const bucket = Math.min(Math.floor(when(here) / plot.width_ns), count - 1);
      tip.replaceChildren();
      const end = Math.min((bucket + 1) * plot.width_ns, data.end_ns);
      tip.append(make("b", { textContent: `${time(bucket * plot.width_ns)} to ${time(end)}` }));
      plot.lines.forEach((line, n) => {
        const value = line.values[bucket] ?? 0;
        if (off.has(n) || (value === 0 && plot.lines.length > 4)) return;
        const row = make("div", {});
        row.append(make("i", { className: `c${n}` }), `${line.name}: ${exact[plot.format](value)}`);
        tip.append(row);
      });
      tip.hidden = false;
      cursor.style.display = "block";
      cursor.style.left = `${100 * here}%`;
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, room)) + scrollX}px`;
      tip.style.top = `${event.clientY + 14 + scrollY}px`;
    };
    const stop = () => { start = null; part.hidden = true; };
    picture.addEventListener("pointermove", move);
    picture.addEventListener("pointerdown", (event) => {
      start = at(event);
      if (event.isTrusted) picture.setPointerCapture(event.pointerId);
      move(event);
    });
    picture.addEventListener("pointerup", (event) => {
      const [from, to] = [start ?? 0, at(event)].sort((a, b) => a - b);
      const dragged = start !== null && to - from > 0.02;
      stop();
      if (dragged) look(when(from), when(to));
    });
    picture.addEventListener("pointercancel", () => { stop(); hide(); });
    picture.addEventListener("pointerleave", hide);
    picture.addEventListener("dblclick", () => look(0, whole.to));
  }
})();
