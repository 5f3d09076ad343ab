// Filters: text, verdict, rig. The page is whole without them.
(() => {
  const box = document.getElementById("filters");
  const make = (tag, set) => box.appendChild(Object.assign(document.createElement(tag), set));
  const text = make("input", { type: "search", placeholder: "clause, sentence or source" });
  text.setAttribute("aria-label", "filter by text");
  const choice = (label, options) => {
    const select = make("select", {});
    select.setAttribute("aria-label", label);
    for (const option of options) select.add(new Option(option, option));
    return select;
  };
  const rigs = [...document.querySelectorAll(".matrix thead th")].slice(1).map((th) => th.textContent);
  const verdict = choice("filter by verdict", ["all verdicts", "FAIL", "SKIP", "PASS"]);
  const rig = choice("on which rig", ["on any rig", ...rigs]);
  const shown = make("output", {});
  const clauses = [...document.querySelectorAll("tbody.clause")];
  const apply = () => {
    const wanted = text.value.toLowerCase(), column = rig.selectedIndex - 1;
    let count = 0;
    for (const clause of clauses) {
      const verdicts = clause.dataset.verdicts.split(" ");
      const among = column < 0 ? verdicts : [verdicts[column]];
      const fits = (verdict.selectedIndex === 0 || among.includes(verdict.value)) &&
        clause.querySelector("th").textContent.toLowerCase().includes(wanted);
      clause.hidden = !fits;
      count += fits;
    }
    for (const section of document.querySelectorAll("tbody.section")) {
      let next = section.nextElementSibling, any = false;
      for (; next && next.className === "clause"; next = next.nextElementSibling) any ||= !next.hidden;
      section.hidden = !any;
    }
    shown.value = `${count} of ${clauses.length}`;
  };
  for (const control of [text, verdict, rig]) control.addEventListener("input", apply);
  box.hidden = false;
  apply();
})();
