// SPDX-License-Identifier: Apache-2.0
// Decisions that are remembered: listed, taken back, made ahead of time; and what would happen.

import { get, may, post, remove } from "./api.js";
import { insideTunnel } from "./decide.js";
import { ask, note, radios, said } from "./dialog.js";
import { byId, h, Table } from "./dom.js";
import { about, plain, subjectLine } from "./names.js";
import { clock, counted, protocol, scope, until } from "./words.js";

// With what it is about beside the hosts.
function pattern(grant) {
	const what = about(grant);
	return what === null ? grant.pattern : `${what} at ${grant.pattern}`;
}

// Takes a grant back, after a second look.
export function revoke(grant, onDone) {
	const allow = grant.decision === "allow";
	ask({
		title: `Revoke ${pattern(grant)}?`,
		body: h(
			"p",
			{},
			allow
				? "Connections that go by this grant end at once. The next one is asked about again."
				: "The next connection is asked about again instead of refused.",
		),
		action: "Revoke",
		leave: "Keep it",
		run: async () => {
			await remove(`/v1/grants/${grant.id}`);
			onDone();
		},
	});
}

function howLong(grant) {
	if (grant.expires_at === null) return scope(grant.scope);
	const end = until(grant.expires_at);
	return grant.scope === "ttl" ? end : `${scope(grant.scope)}, ${end}`;
}

function whom(grant) {
	if (grant.identity === null) return "everybody";
	const session = grant.session === null ? "" : `, session ${plain(grant.session)}`;
	return h("bdi", {}, plain(grant.identity) + session);
}

const COLUMNS = [
	{
		label: "Decision",
		kind: "time",
		cell: (g) => h("strong", {}, g.decision === "allow" ? "✓ Allow" : "✕ Deny"),
	},
	{
		label: "Hosts",
		kind: "name",
		cell: (g) => [
			h("span", { class: "mono" }, plain(g.pattern)),
			g.protocol === null ? null : ` (${protocol(g.protocol)})`,
			subjectLine(g),
			g.note ? h("p", { class: "hint" }, plain(g.note)) : null,
		],
	},
	{ label: "For whom", cell: whom },
	{ label: "How long", kind: "time", cell: howLong },
	{
		label: "Decided",
		cell: (g) => [clock(g.created_at), " by ", h("bdi", {}, plain(g.decider))],
	},
	{
		label: "",
		cell: (g) =>
			may("approver")
				? h(
						"button",
						{
							type: "button",
							"aria-label": `Revoke ${pattern(g)}`,
							onclick: () => revoke(g, load),
						},
						"Revoke…",
					)
				: null,
	},
];
let table = null;

export async function load() {
	table ??= new Table(byId("grants-table"), COLUMNS, (g) => g.id);
	byId("grants-add").hidden = !may("approver");
	try {
		const { grants } = await get("/v1/grants");
		table.show(grants);
		byId("grants-sum").textContent =
			grants.length === 0
				? "None: nothing was decided that still counts."
				: counted(grants.length, "grant", "grants");
		byId("grants-fault").textContent = "";
	} catch (problem) {
		byId("grants-fault").textContent = problem.message;
	}
}

const field = (label, attributes) =>
	h(
		"label",
		{ class: "field" },
		label,
		h("input", {
			spellcheck: "false",
			autocapitalize: "off",
			autocomplete: "off",
			...attributes,
		}),
	);

// Asks for a decision ahead of time; `pattern` is filled in.
export function add(pattern = "") {
	const scopes = [
		{ value: "3600", text: "One hour" },
		{ value: "28800", text: "Eight hours" },
	];
	if (may("admin")) scopes.push({ value: "", text: "Always, until somebody revokes it" });
	ask({
		title: "Decide ahead of time",
		body: [
			field("Host or pattern", {
				name: "pattern",
				required: true,
				placeholder: "*.example.com:443",
				value: pattern,
				autofocus: true,
			}),
			h(
				"p",
				{ class: "hint" },
				"A name, ",
				h("code", {}, "*.name"),
				" for all below it, ",
				h("code", {}, "**.name"),
				" for both; a port behind it if it is not 80 or 443.",
			),
			radios("decision", "Decision", [
				{ value: "allow", text: "Allow" },
				{ value: "deny", text: "Deny" },
			]),
			radios("ttl", "How long", scopes),
			field("Only for this client (empty: everybody)", {
				name: "identity",
				placeholder: "local",
			}),
			insideTunnel(),
			note("Note for the record (optional)"),
		],
		action: "Add",
		run: async (form) => {
			const { ttl, ...body } = said(form);
			const long =
				ttl === undefined ? { scope: "always" } : { scope: "ttl", ttl: Number(ttl) };
			await post("/v1/grants", { ...body, ...long });
			await load();
		},
	});
}

async function check(event) {
	event.preventDefault();
	const answer = byId("check-answer");
	answer.className = "";
	try {
		const found = await get(`/v1/check?${new URLSearchParams(said(event.target))}`);
		answer.textContent = plain(found.text);
	} catch (problem) {
		answer.className = "fault";
		answer.textContent = problem.message;
	}
}

byId("grants-add").addEventListener("click", () => add());
byId("check").addEventListener("submit", check);

export const show = load;
export function hide() {}
