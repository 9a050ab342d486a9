// SPDX-License-Identifier: Apache-2.0
// Making elements. Data reaches the document as text nodes only, never as markup.

export const byId = (id) => document.getElementById(id);

function set(node, attributes) {
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) {
			node.addEventListener(key.slice(2), value);
		} else if (value === true) {
			node.setAttribute(key, "");
		} else if (value !== false && value !== null && value !== undefined) {
			node.setAttribute(key, value);
		}
	}
}

// h("p", { class: "hint", onclick: f }, "text", node, null): an element. Null children are left out.
export function h(name, attributes, ...children) {
	const node = document.createElement(name);
	set(node, attributes ?? {});
	node.append(
		...children.flat(Infinity).filter((child) => child !== null && child !== undefined),
	);
	return node;
}

const SVG = "http://www.w3.org/2000/svg";

// The same for an SVG element.
export function svg(name, attributes, ...children) {
	const node = document.createElementNS(SVG, name);
	set(node, attributes ?? {});
	node.append(...children.flat(Infinity));
	return node;
}

// Says `text` to people who hear the page; what is said within one moment is said together.
let saying = [];
export function say(text) {
	saying.push(text);
	if (saying.length > 1) return;
	setTimeout(() => {
		const most = 3;
		const rest = saying.length - most;
		byId("said").textContent =
			saying.slice(0, most).join(" ") + (rest > 0 ? ` And ${rest} more.` : "");
		saying = [];
	}, 400);
}

// A table that is shown again and again: rows of items that did not change stay as they are, and so
// do focus and selection in them.
//   columns  [{ label, cell: (item) => text, node or list of them, kind: "number" or none }]
//   keyOf    (item) => a text of its own
export class Table {
	constructor(node, columns, keyOf) {
		this.columns = columns;
		this.keyOf = keyOf;
		this.rows = new Map();
		this.body = h("tbody");
		const heads = columns.map(({ label, kind }) =>
			h("th", { scope: "col", class: kind }, label),
		);
		node.append(h("thead", {}, h("tr", {}, heads)), this.body);
		this.node = node;
		node.hidden = true;
	}

	row(item) {
		return h(
			"tr",
			{},
			this.columns.map(({ label, kind, cell }) =>
				h("td", { class: kind, "data-label": label }, h("div", {}, cell(item))),
			),
		);
	}

	show(items) {
		const rows = new Map();
		for (const item of items) {
			const key = this.keyOf(item);
			const state = JSON.stringify(item);
			const old = this.rows.get(key);
			rows.set(key, old?.state === state ? old : { state, node: this.row(item) });
		}
		this.rows = rows;
		const nodes = [...rows.values()].map(({ node }) => node);
		const same =
			nodes.length === this.body.children.length &&
			nodes.every((node, at) => this.body.children[at] === node);
		if (!same) this.body.replaceChildren(...nodes);
		this.node.hidden = nodes.length === 0;
	}
}

// A table that is made once, with a caption for those who do not see it.
export function table(caption, columns, items) {
	const node = h("table", {}, h("caption", { class: "unseen" }, caption));
	let count = 0;
	new Table(node, columns, () => String((count += 1))).show(items);
	return node;
}
