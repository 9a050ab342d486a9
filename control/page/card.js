// SPDX-License-Identifier: Apache-2.0
// One question as an admin sees it. Everything that the agent or its peer chose is marked as such.

import { h } from "./dom.js";
import { host, lookAlike, matter, plain } from "./names.js";
import { clock, counted, duration, outcome, protocol, secondsSince } from "./words.js";

const claimed = () =>
	h(
		"span",
		{ class: "tag", title: "As the client says; sallyport cannot verify it" },
		"unverified",
	);

function fact(label, ...values) {
	return [h("dt", {}, label), h("dd", {}, ...values)];
}

function claim(label, ...values) {
	return [h("dt", {}, label, " ", claimed()), h("dd", {}, ...values)];
}

function who({ identity, session }) {
	const name = session === null ? null : [", session ", h("bdi", {}, plain(session)), " "];
	return h(
		"span",
		{},
		"asked by ",
		h("bdi", { class: "mono" }, plain(identity)),
		name,
		session === null ? null : claimed(),
	);
}

function process({ process: found }) {
	if (found === null) return [];
	const pid = found.pid ? ` (${found.pid})` : "";
	return claim("Process", h("bdi", { class: "mono" }, plain(found.command || found.name)), pid);
}

function userAgent({ user_agent: agent }) {
	return agent === null ? [] : claim("User agent", h("bdi", {}, plain(agent)));
}

function wanted({ method, path_class: like, path }) {
	if (method === null || method === "CONNECT") return [];
	const shown = path ?? like;
	const words = path === null ? ", a path like " : " ";
	const shape = shown === null ? null : [words, h("bdi", { class: "mono" }, plain(shown))];
	return fact("Request", h("span", { class: "mono" }, plain(method)), shape);
}

// A tunnel to an odd port is taken for TLS: who approves SSH has to say so.
function inside({ protocol: word, port, subject }) {
	if (subject || word !== "https_connect" || port === 443 || port === 80) return [];
	const other = "for SSH or databases choose “Approve for…”, then “Anything”";
	return fact("Inside", h("span", { class: "hint" }, `only TLS passes; ${other}`));
}

function connections({ waiters, asks }) {
	if (waiters === 0) return "nobody waits now";
	const tries = asks > waiters ? `, ${counted(asks, "try", "tries")} so far` : "";
	return counted(waiters, "connection", "connections") + tries;
}

function facts(question) {
	const { context } = question;
	return [wanted(context), inside(question), process(context), userAgent(context)].flat();
}

// The name in its own letters, where it has others than ASCII, and what they may pretend.
function letters({ unicode }) {
	if (unicode === null) return null;
	const warning = lookAlike(unicode);
	return h(
		"div",
		{ class: "letters" },
		h("p", {}, "In its own letters: ", h("bdi", { class: "host" }, plain(unicode))),
		warning === null ? null : h("p", { class: "warning" }, warning),
	);
}

const MEANING = {
	request:
		"A rule holds requests of this kind. The answer is for them alone, whatever else goes to the host.",
	search: "These words would leave the network. Approving sends them once and keeps what comes back.",
};

// What is asked about beside the host, and what an answer means.
function subjectOf({ subject_kind: kind, subject }) {
	if (!subject) return null;
	return h(
		"div",
		{ class: "subject" },
		h("p", { class: "words", tabindex: 0 }, h("bdi", { class: "mono" }, plain(subject))),
		h("p", { class: "hint" }, MEANING[kind] ?? ""),
	);
}

// Nobody knows whether it is true, or who wrote it.
function words({ justification }) {
	return [
		h("blockquote", {}, h("bdi", {}, plain(justification))),
		h("figcaption", {}, "the agent’s own words"),
	];
}

export class Card {
	// actions { once, menu, deny, denyWithNote, revoke }: (card) => …; or null for those who only watch
	constructor(question, actions) {
		this.actions = actions;
		this.busy = false;
		this.waited = h("span", { role: "timer" });
		this.sum = h("p", { class: "sum parts" });
		this.facts = h("dl", { class: "facts" });
		this.quote = h("figure", { class: "quote", hidden: true });
		this.fault = h("p", { class: "fault", role: "alert" });
		this.foot = h("div", { class: "actions" });
		const title = `title-${question.id}`;
		const name = h(
			"h2",
			{ id: title },
			host(question.host, question.registrable),
			h("span", { class: "port" }, `:${question.port}`),
		);
		this.node = h(
			"article",
			{ class: "card", tabindex: 0, "aria-labelledby": title, "data-id": question.id },
			h("div", { class: "what" }, name, subjectOf(question), this.sum, letters(question), this.facts),
			this.foot,
			this.quote,
			this.fault,
		);
		this.item = h("li", {}, this.node);
		this.show(question);
	}

	get pending() {
		return this.question.state === "pending";
	}

	show(question) {
		const before = this.question;
		this.question = question;
		this.sum.replaceChildren(
			this.waited,
			who(question),
			h("span", {}, connections(question)),
			h("span", {}, protocol(question.protocol)),
		);
		this.facts.replaceChildren(...facts(question));
		// An agent may explain itself later than it asks.
		this.quote.hidden = question.justification === null;
		if (!this.quote.hidden && before?.justification !== question.justification)
			this.quote.replaceChildren(...words(question));
		if (before?.state !== question.state) this.showState();
		this.tick();
	}

	showState() {
		if (this.pending) {
			this.foot.replaceChildren(...this.buttons());
			return;
		}
		const focused = this.node.contains(document.activeElement);
		this.settledAt = performance.now();
		this.node.classList.add("settled");
		this.fault.textContent = "";
		this.foot.replaceChildren(this.result());
		if (focused) this.node.focus({ preventScroll: true });
	}

	button(text, key, action, primary) {
		const name = matter(this.question);
		return h(
			"button",
			{
				type: "button",
				class: primary ? "primary" : null,
				"aria-label": `${text} ${name}`,
				"aria-keyshortcuts":
					key.length === 1 && key !== key.toLowerCase() ? `Shift+${key}` : key,
				onclick: (event) => action(this, event),
			},
			text,
			h("kbd", {}, key),
		);
	}

	buttons() {
		const { actions } = this;
		if (actions === null) return [];
		return [
			this.button("Approve once", "a", actions.once, true),
			this.button("Approve for…", "A", actions.menu, false),
			this.button("Deny", "d", actions.deny, false),
			this.button("Deny with note…", "D", actions.denyWithNote, false),
		];
	}

	result() {
		const { question } = this;
		const note = question.decision?.note;
		const grant = question.decision?.grant;
		return h(
			"p",
			{ class: "result" },
			h("strong", {}, outcome(question)),
			question.decided_at ? ` at ${clock(question.decided_at)}` : "",
			note ? [": ", h("q", {}, plain(note))] : null,
			grant && this.actions !== null
				? [
						" ",
						h(
							"button",
							{
								type: "button",
								class: "quiet",
								onclick: () => this.actions.revoke(this),
							},
							"Revoke…",
						),
					]
				: null,
		);
	}

	// Each second: how long they wait, and from when on nobody can decide any more.
	tick() {
		const { question } = this;
		if (!this.pending) {
			this.waited.textContent = "";
			return;
		}
		const left = -secondsSince(question.expires_at);
		const end = left < 300 ? `, open for ${duration(left)} more` : "";
		this.waited.textContent = `waiting ${duration(secondsSince(question.asked_at))}${end}`;
	}

	fail(text) {
		this.fault.textContent = text;
	}
}
