// What the values of a plot were at the time under the pointer. The page is whole without it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");
  const digits = (v) => String(Number(v >= 99.95 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2)));
  const scaled = (base, names) => (v) => {
    let at = 0;
    while (v >= base && at + 1 < names.length) { v /= base; at += 1; }
    return digits(v) + names[at];
  };
  const show = {
    count: (v) => v.toLocaleString("en"),
    rate: scaled(1000, ["/s", "k/s", "M/s", "G/s"]),
    bytes: scaled(1024, [" B/s", " KiB/s", " MiB/s", " GiB/s"]),
    percent: (v) => digits(v) + " %",
    time: scaled(1000, [" ns", " µs", " ms", " s"]),
  };
  for (const chart of document.querySelectorAll(".chart")) {
    const plot = data.plots[chart.dataset.plot];
    const picture = chart.querySelector(".picture"), cursor = chart.querySelector(".cursor");
    const hide = () => { tip.hidden = true; cursor.style.display = "none"; };
    const move = (event) => {
      const box = picture.getBoundingClientRect();
      const at = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * data.end_ns;
      const last = Math.max(...plot.lines.map((line) => line.values.length)) - 1;
      const bucket = Math.min(Math.floor(at / plot.width_ns), last);
      tip.replaceChildren();
      const head = document.createElement("b");
      const end = Math.min((bucket + 1) * plot.width_ns, data.end_ns);
      head.textContent = `${show.time(bucket * plot.width_ns)} to ${show.time(end)}`;
      tip.append(head);
      plot.lines.forEach((line, n) => {
        const value = line.values[bucket] ?? 0;
        if (value === 0 && plot.lines.length > 4) return;
        const row = document.createElement("div"), mark = document.createElement("i");
        mark.className = `c${n}`;
        row.append(mark, `${line.name}: ${show[plot.format](value)}`);
        tip.append(row);
      });
      tip.hidden = false;
      cursor.style.display = "block";
      cursor.style.left = `${100 * at / data.end_ns}%`;
      const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
      tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, room)) + scrollX}px`;
      tip.style.top = `${event.clientY + 14 + scrollY}px`;
    };
    picture.addEventListener("pointermove", move);
    picture.addEventListener("pointerdown", move);
    picture.addEventListener("pointerleave", hide);
  }
})();
