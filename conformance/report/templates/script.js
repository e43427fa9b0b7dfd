"use strict";
(() => {
  const form = document.getElementById("filters");
  const told = document.getElementById("told");
  const rows = [...document.querySelectorAll("#requirements details.req")];
  const groups = [...document.querySelectorAll(".group")];
  const fields = ["level", "verdict", "area", "operation", "text"];
  const word = (row, name) => row.querySelector(`:scope > summary .${name}`).textContent;
  const facts = new Map(rows.map((row) => [row, {
    level: word(row, "lv"), verdict: word(row, "vd"), area: row.closest(".group").dataset.area, ops: row.dataset.ops.split(" "),
  }]));
  const text = new Map();
  const textOf = (row) => {
    if (!text.has(row)) text.set(row, row.textContent.toLowerCase());
    return text.get(row);
  };

  const apply = () => {
    const want = Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]));
    const words = want.text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const data = facts.get(row);
      const fits = (!want.level || data.level === want.level)
        && (!want.verdict || data.verdict === want.verdict)
        && (!want.area || data.area === want.area)
        && (!want.operation || data.ops.includes(want.operation))
        && words.every((word) => textOf(row).includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const group of groups) group.hidden = !group.querySelector("details.req:not([hidden])");
    told.textContent = shown === rows.length
      ? `All ${rows.length} requirements are shown.`
      : `${shown} of ${rows.length} requirements are shown.`;
    return want;
  };

  const remember = (want) => {
    const state = new URLSearchParams(Object.entries(want).filter(([, value]) => value)).toString();
    history.replaceState(null, "", state ? `#filter?${state}` : "#requirements");
  };

  const recall = () => {
    const [place, state] = location.hash.slice(1).split("?");
    if (place === "filter") {
      const given = new URLSearchParams(state);
      for (const name of fields) {
        const field = form.elements[name];
        const value = given.get(name) || "";
        field.value = field.tagName === "SELECT" && ![...field.options].some((one) => one.value === value) ? "" : value;
      }
      apply();
      document.getElementById("requirements").scrollIntoView();
      return;
    }
    reveal(place);
  };

  const reveal = (id) => {
    let node = id && document.getElementById(decodeURIComponent(id));
    if (!node) return;
    const target = node;
    for (; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
      if (node.hidden) { form.reset(); apply(); }
    }
    target.scrollIntoView();
  };

  if (form) {
    form.hidden = false;
    form.addEventListener("input", () => remember(apply()));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => remember(apply()), 0));
    document.getElementById("unfold").addEventListener("click", () => {
      const visible = rows.filter((row) => !row.hidden);
      const open = visible.some((row) => !row.open);
      for (const row of visible) row.open = open;
    });
    apply();
    recall();
    window.addEventListener("hashchange", recall);
  }

  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const content = block.querySelector("pre").textContent;
      try {
        await navigator.clipboard.writeText(content);
        button.textContent = "Copied";
      } catch {
        const range = document.createRange();
        range.selectNodeContents(block.querySelector("pre"));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        button.textContent = "Selected: press the copy keys";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    block.prepend(button);
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details.loud:not([open]), details.loud details.always:not([open])")];
    for (const node of closed) node.open = true;
  });
  window.addEventListener("afterprint", () => { for (const node of closed) node.open = false; });
})();
