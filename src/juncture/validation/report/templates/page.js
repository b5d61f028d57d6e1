// Shows, of the event under the pointer, what joins it.
document.querySelectorAll("svg.chart").forEach((svg) => {
  const links = [...svg.querySelectorAll("[data-ends]")];
  svg.querySelectorAll("[data-event]").forEach((mark) => {
    const mine = links.filter((link) => link.dataset.ends.split(" ").includes(mark.dataset.event));
    mark.addEventListener("mouseenter", () => {
      svg.classList.add("pointed");
      mine.forEach((link) => link.classList.add("on"));
    });
    mark.addEventListener("mouseleave", () => {
      svg.classList.remove("pointed");
      mine.forEach((link) => link.classList.remove("on"));
    });
  });
});
