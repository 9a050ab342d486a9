// SPDX-License-Identifier: Apache-2.0
// The list of open questions: arrives live, is decided by mouse or keyboard. A question that is
// decided stays where it is for a while, so that nothing moves under a hand that is about to press.

import { get, may, post } from "./api.js";
import { showBadge } from "./badge.js";
import { Card } from "./card.js";
import { decide } from "./decide.js";
import { byId, h, say, Table } from "./dom.js";
import { revoke } from "./grants.js";
import { authority, matter, plain, subjectLine } from "./names.js";
import { clock, counted, duration, outcome, secondsSince } from "./words.js";

const MOST_CARDS = 50; // shown at once; the others wait behind them
const MANY = 8; // from so many on there is a filter
const SETTLED_MS = 6000; // how long a decided question stays
const MOVED_MS = 400; // clicks so soon after the list moved are not meant

const open = new Map(); // id -> question; pending ones
const cards = new Map(); // id -> Card; of those that are shown
let settings = { session_ttl: 28800, deny_ttl: 600 };
let movedAt = -Infinity;
let shown = false;

async function send(card, verb, body) {
	if (card.busy) return;
	if (!card.pending) throw new Error(`Too late: ${outcome(card.question)}. Nothing was changed.`);
	card.busy = true;
	card.fail("");
	try {
		const { approval } = await post(`/v1/approvals/${card.question.id}/${verb}`, body);
		take(approval);
	} catch (problem) {
		// Somebody was faster, or it is over: the question itself says how it ended.
		if ([404, 409, 410].includes(problem.status)) refresh(card.question.id);
		throw problem;
	} finally {
		card.busy = false;
	}
}

// Decides with one press; what goes wrong is said on the card.
async function decideNow(card, verb, event) {
	if (event?.detail > 0 && performance.now() - movedAt < MOVED_MS) {
		card.fail("The list has just moved. Press again if this is the one you mean.");
		return;
	}
	await send(card, verb, {}).catch((problem) => card.fail(problem.message));
}

const actions = {
	once: (card, event) => decideNow(card, "approve", event),
	deny: (card, event) => decideNow(card, "deny", event),
	menu: (card) =>
		decide(card.question, "approve", settings, (verb, body) => send(card, verb, body)),
	denyWithNote: (card) =>
		decide(card.question, "deny", settings, (verb, body) => send(card, verb, body)),
	revoke: (card) => {
		const { decision, subject, subject_kind } = card.question;
		revoke({ ...decision, subject, subject_kind, id: decision.grant }, () =>
			card.foot.replaceChildren(h("p", { class: "result" }, "Taken back.")),
		);
	},
};

// The state of one question now, after a conflict or a gap.
async function refresh(id) {
	try {
		take(await get(`/v1/approvals/${id}`));
	} catch (problem) {
		const card = cards.get(id);
		if (problem.status !== 404 || card === undefined) return;
		take({ ...card.question, state: "withdrawn", decision: null });
	}
}

// A question as an event or an answer has it. Once settled it stays so, whatever arrives late.
export function take(question) {
	const card = cards.get(question.id);
	if (card !== undefined && !card.pending) return;
	if (question.state === "pending") {
		if (!open.has(question.id))
			say(`${plain(question.identity)} asks for ${matter(question)}.`);
		open.set(question.id, question);
	} else {
		open.delete(question.id);
		if (card !== undefined)
			say(`${matter(question)}: ${outcome(question)}.`);
	}
	card?.show(question);
	fillSoon();
	if (byId("history").open && question.state !== "pending") showHistory();
}

// A new card stands before the first that was asked later: nearly always at the end.
function insert(card) {
	const asked = Date.parse(card.question.asked_at);
	const items = [...cards.values()];
	const later = items.find(({ question }) => Date.parse(question.asked_at) > asked);
	if (later !== undefined) movedAt = performance.now();
	cards.set(card.question.id, card);
	byId("cards").insertBefore(card.item, later?.item ?? null);
}

// Whether the question has what was typed into the filter.
function passes({ host, subject, identity, session, context }) {
	const typed = byId("filter").value.trim().toLowerCase();
	const texts = [host, subject, identity, session, context.user_agent, context.process?.command];
	return texts.some((text) => text?.toLowerCase().includes(typed));
}

// Cards for open questions, as many as fit.
function fill() {
	const wanted = [...open.values()].filter(passes);
	for (const question of wanted) {
		if (cards.size >= MOST_CARDS) break;
		if (!cards.has(question.id)) insert(new Card(question, may("approver") ? actions : null));
	}
	const more = wanted.length - [...cards.values()].filter((card) => card.pending).length;
	byId("questions-more").hidden = more <= 0;
	byId("questions-more").textContent =
		`${counted(more, "more question waits", "more questions wait")} and will move up.`;
	byId("questions-none").hidden = cards.size > 0 || open.size > 0;
	byId("filter").hidden = open.size < MANY && byId("filter").value === "";
	showCount(wanted.length);
}

function onFilter() {
	for (const [id, card] of cards) {
		if (card.pending && passes(card.question)) continue;
		cards.delete(id);
		card.item.remove();
	}
	fill();
}

// Many questions may come at once: the list is filled once for all of them.
let filling = false;
function fillSoon() {
	if (filling) return;
	filling = true;
	setTimeout(() => {
		filling = false;
		fill();
	}, 30);
}

function showCount(found) {
	showBadge(open.size);
	const asked = [...open.values()].map((question) => question.asked_at).sort();
	const some = found === open.size ? "" : `${found} of `;
	byId("questions-sum").textContent =
		open.size === 0
			? ""
			: `${some}${open.size} open, the oldest for ${duration(secondsSince(asked[0]))}`;
}

// Takes settled cards away, but never the one somebody is at, nor while a mouse is over the list.
function sweep() {
	const list = byId("cards");
	const hovered = matchMedia("(hover: hover)").matches && list.matches(":hover");
	for (const [id, card] of cards) {
		if (card.pending || hovered || card.node.contains(document.activeElement)) continue;
		if (performance.now() - card.settledAt < SETTLED_MS) continue;
		cards.delete(id);
		card.item.remove();
		movedAt = performance.now();
	}
}

function tick() {
	sweep();
	for (const card of cards.values()) card.tick();
	fill();
}

// Everything anew: at the start, and when the stream could not go on where it stopped.
export async function load() {
	const fault = byId("questions-fault");
	const known = [...open.keys()]; // what comes while the list is on its way is newer than the list
	try {
		const [{ approvals }, policy] = await Promise.all([
			get("/v1/approvals?state=pending&limit=1000"),
			get("/v1/policy"),
		]);
		settings = policy.approvals ?? settings;
		const still = new Set(approvals.map(({ id }) => id));
		for (const id of known) {
			if (still.has(id)) continue;
			if (cards.has(id)) refresh(id);
			else open.delete(id);
		}
		approvals.forEach(take);
		fault.textContent = "";
	} catch (problem) {
		fault.textContent = problem.message;
	}
	fill();
}

// Forgets everything: somebody else may sign in next.
export function clear() {
	open.clear();
	cards.clear();
	byId("filter").value = "";
	byId("cards").replaceChildren();
	showBadge(0);
}

const HISTORY = [
	{
		label: "Ended",
		kind: "time",
		cell: (q) => (q.decided_at ? clock(q.decided_at) : ""),
	},
	{
		label: "Host",
		kind: "name",
		cell: (q) => [h("span", { class: "mono" }, authority(q.host, q.port)), subjectLine(q)],
	},
	{ label: "Asked by", cell: (q) => h("bdi", {}, plain(q.identity)) },
	{ label: "Outcome", cell: (q) => outcome(q) },
	{ label: "Note", cell: (q) => (q.decision?.note ? plain(q.decision.note) : "") },
];
let history = null;

async function showHistory() {
	history ??= new Table(byId("history-table"), HISTORY, (q) => q.id);
	try {
		const { approvals } = await get("/v1/approvals?state=all&limit=50");
		history.show(approvals.filter((q) => q.state !== "pending"));
	} catch (problem) {
		byId("questions-fault").textContent = problem.message;
	}
}

// The card that has the focus, if any.
function current() {
	const id = document.activeElement?.closest?.(".card")?.dataset.id;
	return cards.get(id);
}

function move(step) {
	const nodes = [...byId("cards").querySelectorAll(".card")];
	if (nodes.length === 0) return;
	const at = nodes.indexOf(current()?.node);
	const next =
		at < 0
			? step > 0
				? 0
				: nodes.length - 1
			: Math.min(Math.max(at + step, 0), nodes.length - 1);
	nodes[next].focus();
	nodes[next].scrollIntoView({ block: "nearest" });
}

const MOVES = {
	j: () => move(1),
	ArrowDown: () => move(1),
	k: () => move(-1),
	ArrowUp: () => move(-1),
	"/": () => byId("filter").focus(),
};
const DECISIONS = {
	a: actions.once,
	A: actions.menu,
	d: actions.deny,
	D: actions.denyWithNote,
};

// A key that decides goes to a question first; what it decides is what has the focus.
function decideByKey(key) {
	const card = current();
	if (card === undefined) move(1);
	else if (may("approver") && card.pending) DECISIONS[key](card);
}

// True when the key was one of the list's.
export function press({ key, target, repeat }) {
	const pressed = key === "Enter" && target.matches?.(".card") ? "a" : key;
	if (!shown) return false;
	if (Object.hasOwn(MOVES, pressed)) {
		MOVES[pressed]();
		return true;
	}
	if (!Object.hasOwn(DECISIONS, pressed)) return false;
	if (!repeat) decideByKey(pressed);
	return true;
}

export function show() {
	shown = true;
}

export function hide() {
	shown = false;
}

// Enter goes from the filter to what it found.
function onFilterKey({ key }) {
	if (key === "Enter") move(1);
	if (key !== "Escape") return;
	byId("filter").value = "";
	onFilter();
	byId("questions-title").focus();
}

setInterval(tick, 1000);
byId("filter").addEventListener("input", onFilter);
byId("filter").addEventListener("keydown", onFilterKey);
byId("history").addEventListener("toggle", () => byId("history").open && showHistory());
