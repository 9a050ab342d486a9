// SPDX-License-Identifier: Apache-2.0
// The one modal dialog: a form that stays open, with everything typed, until what it asks for is
// done or given up.

import { byId, h } from "./dom.js";

// Closes the dialog again by Escape or `leave`.
//   title   text or nodes
//   body    nodes
//   action  text of the button, or null where there is nothing to do but read
//   run     async (form) => …; a Problem it throws is shown in the dialog
//   change  (form) => …, whenever something was chosen
export function ask({ title, body, action = null, run = null, change = null, leave = "Cancel" }) {
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
	if (change !== null) form.addEventListener("change", () => change(form));
	change?.(form);
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

// Leaves only the first of `name`'s choices while `limited`, and goes back to it.
export function limit(form, name, limited) {
	for (const [at, radio] of [...form.querySelectorAll(`input[name=${name}]`)].entries()) {
		radio.disabled = limited && at > 0;
		if (limited) radio.checked = at === 0;
	}
}

// A labelled line of text, never longer than the API takes (511 bytes, at most three a letter).
export function note(label, attributes = {}) {
	return h(
		"label",
		{ class: "field" },
		label,
		h("input", { name: "note", maxlength: 170, autocomplete: "off", ...attributes }),
	);
}

// What was filled in, by name; empty fields are left out.
export function said(form) {
	const fields = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
	return Object.fromEntries(fields.filter(([, value]) => value !== ""));
}
