// SPDX-License-Identifier: Apache-2.0
// One question as an admin sees it. Everything that the agent or its peer chose is marked as such.

import { h } from "./dom.js";
import { authority, host, lookAlike, plain } from "./names.js";
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

function who(question) {
	const session =
		question.session === null
			? null
			: [", session ", h("bdi", {}, plain(question.session)), " ", claimed()];
	return fact("Asked by", h("bdi", { class: "mono" }, plain(question.identity)), session);
}

function process({ process: found }) {
	if (found === null) return null;
	const pid = found.pid ? ` (${found.pid})` : "";
	return fact(
		"Process",
		h("bdi", { class: "mono" }, plain(found.command || found.name)),
		pid,
		" ",
		claimed(),
	);
}

function userAgent({ user_agent: agent }) {
	return agent === null ? null : fact("User agent", h("bdi", {}, plain(agent)), " ", claimed());
}

function wanted({ method, path_class: path }) {
	if (method === null || method === "CONNECT") return null;
	const shape =
		path === null ? null : [", a path like ", h("bdi", { class: "mono" }, plain(path))];
	return fact("Request", h("span", { class: "mono" }, plain(method)), shape);
}

// A tunnel to an odd port is taken for TLS: who approves SSH has to say so.
function inside({ protocol: word, port }) {
	if (word !== "https_connect" || port === 443 || port === 80) return null;
	const other = "for SSH or databases choose “Approve for…”, then “Anything”";
	return fact("Inside", h("span", { class: "hint" }, `only TLS passes; ${other}`));
}

function waiting({ waiters, asks }) {
	const now =
		waiters > 0
			? `${counted(waiters, "waits", "wait")} now`
			: "none waits now; the next one will find the decision";
	return fact("Connections", `${now}, ${counted(asks, "try", "tries")} so far`);
}

function facts(question) {
	const { context } = question;
	return [
		who(question),
		process(context),
		userAgent(context),
		wanted(context),
		inside(question),
		waiting(question),
	].filter((part) => part !== null);
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

function words({ justification }) {
	if (justification === null) return null;
	return h(
		"figure",
		{ class: "quote" },
		h("blockquote", {}, h("bdi", {}, plain(justification))),
		h("figcaption", {}, "the agent’s own words"),
	);
}

export class Card {
	// actions { once, menu, deny, denyWithNote, revoke }: (card) => …; or null for those who only watch
	constructor(question, actions) {
		this.actions = actions;
		this.busy = false;
		this.waited = h("span", { role: "timer" });
		this.facts = h("dl", { class: "facts" });
		this.fault = h("p", { class: "fault", role: "alert" });
		this.foot = h("div", { class: "actions" });
		const title = `title-${question.id}`;
		const name = h(
			"h2",
			{ id: title },
			host(question.host, question.registrable),
			h("span", { class: "port" }, `:${question.port}`),
		);
		const aside = h(
			"p",
			{ class: "waited" },
			h("span", { class: "kind" }, protocol(question.protocol)),
			this.waited,
		);
		this.node = h(
			"article",
			{ class: "card", tabindex: 0, "aria-labelledby": title, "data-id": question.id },
			h("div", { class: "top" }, name, aside),
			letters(question),
			this.facts,
			words(question),
			this.foot,
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
		this.facts.replaceChildren(...facts(question).flat());
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
		const name = authority(this.question.host, this.question.port);
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
