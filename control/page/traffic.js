// SPDX-License-Identifier: Apache-2.0
// What flows now, and what was refused lately: asked for again every two seconds while shown.

import { get, may } from "./api.js";
import { byId, h, Table } from "./dom.js";
import { add } from "./grants.js";
import { authority, place, plain } from "./names.js";
import { bytes, clock, counted, duration, protocol, reason, secondsSince } from "./words.js";

const AGAIN_MS = 2000;

// A view that asks for itself while it is shown and somebody can see it.
function watched(name, load) {
	let timer = null;
	let turn = 0;
	const again = async (mine) => {
		if (!document.hidden) {
			try {
				await load();
				byId(`${name}-fault`).textContent = "";
			} catch (problem) {
				byId(`${name}-fault`).textContent = problem.message;
			}
		}
		if (mine === turn) timer = setTimeout(() => again(mine), AGAIN_MS);
	};
	return {
		show() {
			turn += 1;
			again(turn);
		},
		hide() {
			turn += 1;
			clearTimeout(timer);
		},
	};
}

const PHASES = {
	HEAD: "reading the request",
	HOLD: "waits for a decision",
	RESOLVE: "resolving",
	DIAL: "connecting",
	HELLO: "checking TLS",
	RELAY: "open",
	EXCHANGE: "open",
	LINGER: "ending",
	CLOSE: "ending",
};
// Of those whom nobody had to be asked about only the address is known; its port says nothing.
const who = ({ identity, client, session }) =>
	h(
		"bdi",
		{ title: client ?? "" },
		plain(identity || (client ?? "").replace(/:\d+$/, "")) +
			(session ? `, ${plain(session)}` : ""),
	);
const target = ({ host, port }) => h("span", { class: "mono" }, host ? authority(host, port) : "–");

// Nothing has allowed a connection before it goes on.
function allowedBy({ grant, phase }) {
	if (grant) return "a grant";
	return ["RESOLVE", "DIAL", "HELLO", "RELAY", "EXCHANGE"].includes(phase) ? "the lists" : "";
}

const CONNECTIONS = [
	{ label: "Host", kind: "name", cell: target },
	{ label: "Client", cell: who },
	{ label: "Kind", cell: (c) => protocol(c.protocol) },
	{ label: "Now", cell: (c) => PHASES[c.phase] ?? c.phase.toLowerCase() },
	{ label: "For", kind: "number", cell: (c) => duration(secondsSince(c.since)) },
	{ label: "Sent", kind: "number", cell: (c) => bytes(c.bytes_up) },
	{ label: "Received", kind: "number", cell: (c) => bytes(c.bytes_down) },
	{ label: "Allowed by", cell: allowedBy },
];
let connections = null;

export const live = watched("live", async () => {
	connections ??= new Table(byId("live-table"), CONNECTIONS, (c) => String(c.id));
	const answer = await get("/v1/connections?limit=200");
	connections.show(answer.connections);
	const left = answer.total - answer.connections.length;
	byId("live-sum").textContent =
		answer.total === 0
			? "No connection is open."
			: counted(answer.total, "connection", "connections") +
				(left > 0 ? `, the newest ${answer.connections.length} are shown` : "");
});

const rule = ({ rule: found }) =>
	found === null || found === undefined
		? ""
		: [h("span", { class: "mono" }, plain(found.pattern)), " ", place(found)];

// Only what is on no list can be allowed here; a deny list or the address rules win anyway.
const UNLISTED = ["not_allowed", "approval_expired"];
const remedy = (block) =>
	may("approver") && block.host && UNLISTED.includes(block.reason)
		? h(
				"button",
				{
					type: "button",
					"aria-label": `Decide about ${authority(block.host, block.port)}`,
					onclick: () => add(authority(block.host, block.port)),
				},
				"Decide…",
			)
		: null;

const BLOCKS = [
	{ label: "When", kind: "time", cell: (b) => clock(b.at) },
	{ label: "Host", kind: "name", cell: target },
	{ label: "Why", cell: (b) => reason(b.reason) },
	{ label: "Client", cell: who },
	{ label: "Kind", cell: (b) => protocol(b.protocol) },
	{ label: "Rule", cell: rule },
	{ label: "", cell: remedy },
];
let blocks = null;

export const blocked = watched("blocked", async () => {
	blocks ??= new Table(byId("blocked-table"), BLOCKS, (b) => `${b.connection} ${b.at} ${b.host}`);
	const answer = await get("/v1/blocked?limit=100");
	blocks.show(answer.blocked);
	byId("blocked-sum").textContent =
		answer.blocked.length === 0
			? "Nothing was refused lately."
			: `The newest ${counted(answer.blocked.length, "refusal", "refusals")}`;
});
