// SPDX-License-Identifier: Apache-2.0
// The one modal dialog: a form that stays open, with everything typed, until what it asks for is
// done or given up.

import { byId, h } from "./dom.js";

// Closes the dialog again by Escape or `leave`.
//   title   text or nodes
//   body    nodes
//   action  text of the button, or null where there is nothing to do but read
//   run     async (form) => …; a Problem it throws is shown in the dialog
export function ask({ title, body, action = null, run = null, leave = "Cancel" }) {
	const box = byId("dialog");
	const fault = h("p", { class: "fault", role: "alert" });
	const go = action === null ? null : h("button", { type: "submit", class: "primary" }, action);
	const back = h("button", { type: "button", onclick: () => box.close() }, leave);
	const form = h(
		"form",
		{ method: "dialog" },
		h("h2", { id: "dialog-title" }, title),
		body,
		fault,
		h("div", { class: "actions" }, go, back),
	);
	let busy = false;
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		if (busy || run === null) return;
		busy = true;
		fault.textContent = "";
		try {
			await run(form);
			box.close();
		} catch (problem) {
			fault.textContent = problem.message;
		}
		busy = false;
	});
	box.replaceChildren(form);
	box.showModal();
	form.querySelector("[autofocus]")?.focus();
}

// A group of radio buttons; the first choice is taken.
//   choices  [{ value, text: text or nodes }]
export function radios(name, legend, choices) {
	return h(
		"fieldset",
		{},
		h("legend", {}, legend),
		choices.map(({ value, text }, at) =>
			h(
				"label",
				{ class: "choice" },
				h("input", {
					type: "radio",
					name,
					value,
					checked: at === 0,
					autofocus: at === 0 && name === "scope",
				}),
				h("span", {}, text),
			),
		),
	);
}

// A labelled text; what is typed is cut where the API would refuse it.
export function note(label, attributes = {}) {
	return h(
		"label",
		{ class: "field" },
		label,
		h("textarea", { name: "note", rows: 2, maxlength: 250, ...attributes }),
	);
}

// What was filled in, by name; empty fields are left out.
export function said(form) {
	const fields = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
	return Object.fromEntries(fields.filter(([, value]) => value !== ""));
}
