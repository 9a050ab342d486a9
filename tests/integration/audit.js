// SPDX-License-Identifier: Apache-2.0
// What any page owes to those who cannot see it well, as a list of faults: names of controls, ids
// that are there once, and a contrast of 4.5 : 1 for every text that is shown (WCAG 2.2, 1.4.3).
(() => {
	const CONTROLS = "button, a[href], input, select, textarea, summary, [role=img], dialog[open]";
	const faults = new Set();
	const shown = (node) => node.checkVisibility({ visibilityProperty: true });

	function name(node) {
		const labelled = document.getElementById(node.getAttribute("aria-labelledby"));
		const labels = [...(node.labels ?? [])].map((label) => label.textContent).join("");
		return (
			node.getAttribute("aria-label") ?? labelled?.textContent ?? labels + node.textContent
		);
	}

	for (const node of document.querySelectorAll(CONTROLS)) {
		if (shown(node) && name(node).trim() === "")
			faults.add(`no name: ${node.outerHTML.slice(0, 80)}`);
	}
	for (const node of document.querySelectorAll("[aria-labelledby]")) {
		const id = node.getAttribute("aria-labelledby");
		if (shown(node) && document.getElementById(id) === null) faults.add(`no label: ${id}`);
	}
	const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.add(`twice: ${id}`);
	for (const node of document.querySelectorAll("img:not([alt])"))
		faults.add(`no alt: ${node.src}`);

	function colour(text) {
		const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
		return { rgb: [red, green, blue], alpha };
	}
	const over = ({ rgb, alpha }, ground) =>
		rgb.map((part, at) => part * alpha + ground[at] * (1 - alpha));
	function luminance(rgb) {
		const [red, green, blue] = rgb.map((part) => {
			const value = part / 255;
			return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	}
	function ancestors(node) {
		return node === null ? [] : [...ancestors(node.parentElement), node];
	}
	function contrast(node) {
		const way = ancestors(node).map((each) => getComputedStyle(each));
		const ground = way.reduce(
			(below, { backgroundColor }) => over(colour(backgroundColor), below),
			[255, 255, 255],
		);
		const opacity = way.reduce((product, style) => product * Number(style.opacity), 1);
		const text = colour(getComputedStyle(node).color);
		const seen = over({ ...text, alpha: text.alpha * opacity }, ground);
		const [light, dark] = [luminance(seen), luminance(ground)].sort((a, b) => b - a);
		return (light + 0.05) / (dark + 0.05);
	}

	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		const { data, parentElement: node } = texts.currentNode;
		if (data.trim() === "" || !shown(node) || node.closest(".unseen, .skip, script")) continue;
		if (contrast(node) < 4.5)
			faults.add(`contrast ${contrast(node).toFixed(2)}: ${data.slice(0, 40)}`);
	}
	return [...faults];
})();
