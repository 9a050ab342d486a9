// SPDX-License-Identifier: Apache-2.0
// What the last hour says about the rules: what is asked for, what is never used, what to list.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { byId, h, say, table } from "./dom.js";
import { authority, place, plain } from "./names.js";
import { clock, reason, short } from "./words.js";

const panel = (title, ...children) =>
	h("section", { class: "panel" }, h("h2", {}, title), ...children);

const number = (label, value) => h("div", {}, h("dt", {}, label), h("dd", {}, String(value)));

function outcomes(approvals) {
	const { approved, denied, expired, withdrawn } = approvals;
	const wait = (seconds) => short(approved + denied + expired + withdrawn > 0 ? seconds : null);
	return panel(
		"Questions and how they ended",
		h(
			"dl",
			{ class: "numbers" },
			number("approved", approved),
			number("denied", denied),
			number("nobody answered", expired),
			number("withdrawn", withdrawn),
			number("median wait", wait(approvals.waited_p50)),
			number("95th percentile", wait(approvals.waited_p95)),
		),
	);
}

const BLOCKED = [
	{
		label: "Host",
		kind: "name",
		cell: (name) => h("span", { class: "mono" }, authority(name.host, name.port)),
	},
	{ label: "Denied", kind: "number", cell: (name) => String(name.denied) },
	{ label: "Held", kind: "number", cell: (name) => String(name.held) },
	{ label: "Last", kind: "time", cell: (name) => clock(name.last_at) },
	{ label: "Why", cell: (name) => reason(name.reason) },
];

function blocked(names) {
	const shown =
		names.length === 0
			? h("p", { class: "hint" }, "Nothing was blocked.")
			: table("Names most often refused or held", BLOCKED, names);
	return panel("Most often held or denied", shown);
}

function unused(entries) {
	if (entries === null) return null;
	const list =
		entries.length === 0
			? h("p", { class: "hint" }, "Every entry was used.")
			: h(
					"ul",
					{ class: "plain" },
					entries.map((entry) =>
						h(
							"li",
							{},
							h("span", { class: "mono" }, plain(entry.pattern)),
							" ",
							place(entry),
						),
					),
				);
	return panel("Entries nobody used since the start", list);
}

async function copy(text, button) {
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
		say("Copied.");
	} catch {
		// Without the permission the text is at least selected, for the browser's own copy.
		getSelection().selectAllChildren(byId("suggested"));
		button.textContent = "Selected: copy it";
	}
	setTimeout(() => {
		button.textContent = "Copy";
	}, 3000);
}

function suggested({ allowed_domains: names, toml }) {
	if (names.length === 0) {
		return panel(
			"A list that would have saved the questions",
			h(
				"p",
				{ class: "hint" },
				"No name was approved or asked for again and again: there is nothing to add.",
			),
		);
	}
	const button = h("button", { type: "button", onclick: () => copy(toml, button) }, "Copy");
	return panel(
		"A list that would have saved the questions",
		h(
			"p",
			{ class: "hint" },
			"What was approved, or asked for again and again, ready for the configuration. ",
			"What somebody denied is left out.",
		),
		h(
			"pre",
			{ tabindex: 0, "aria-label": "Entries for the configuration" },
			h("code", { id: "suggested" }, toml),
		),
		button,
	);
}

export async function load() {
	try {
		const found = await get("/v1/insights");
		byId("insights-body").replaceChildren(
			...[
				chart(found.minutes),
				outcomes(found.approvals),
				suggested(found.suggested),
				blocked(found.most_blocked),
				unused(found.unused_entries),
			].filter((part) => part !== null),
		);
		byId("insights-fault").textContent = "";
	} catch (problem) {
		byId("insights-fault").textContent = problem.message;
	}
}

byId("insights-again").addEventListener("click", load);

export const show = load;
export function hide() {}
