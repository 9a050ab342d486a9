// SPDX-License-Identifier: Apache-2.0
// The menus behind "Approve for…" and "Deny with a note…": how long, for which hosts, for whom.

import { ask, limit, note, radios, said } from "./dialog.js";
import { h } from "./dom.js";
import { about, authority, host, plain } from "./names.js";
import { duration } from "./words.js";

const HOUR = 3600;

function approvalScopes(question, settings) {
	const most = `at most ${duration(settings.session_ttl)}`;
	const session =
		question.session === null
			? `This client’s session, ${most}`
			: `This session (${plain(question.session)}), ${most}`;
	return [
		{ value: "session", text: session },
		{ value: "ttl", text: "One hour" },
		{ value: "always", text: "Always, until somebody revokes it" },
		{
			value: "once",
			text: `Once: the ${question.subject ? "requests" : "connections"} that wait now`,
		},
	];
}

function denialScopes(settings) {
	return [
		{
			value: "",
			text: `For now: the same question is refused for ${duration(settings.deny_ttl)}`,
		},
		{ value: "ttl", text: "One hour" },
		{ value: "always", text: "Always, until somebody revokes it" },
	];
}

function patterns(question) {
	const exact = { value: "", text: h("code", {}, authority(question.host, question.port)) };
	const meaning = (pattern) =>
		pattern.startsWith("**.") ? "it and everything below it" : "everything below";
	return [
		exact,
		...question.wider.map((pattern) => ({
			value: pattern,
			text: [h("code", {}, pattern), ` ${meaning(pattern)}`],
		})),
	];
}

function identities(question) {
	return [
		{ value: "", text: ["Only ", h("code", {}, plain(question.identity))] },
		{ value: "*", text: "Everybody who uses this proxy" },
	];
}

// Ports other than 80 and 443 carry all kinds of protocols; a tunnel is taken for TLS unless told.
export function insideTunnel() {
	const choices = {
		"": "As the port says (80: HTTP, others: TLS)",
		tls: "TLS",
		http: "Plain HTTP",
		raw: "Anything (SSH, databases): first bytes are not checked",
	};
	return h(
		"label",
		{ class: "field" },
		"Inside the tunnel",
		h(
			"select",
			{ name: "protocol" },
			Object.entries(choices).map(([value, text]) => h("option", { value }, text)),
		),
	);
}

// What is for one session, or for once, is for the one who asked; once is for what was asked, too.
function narrow(form) {
	const { scope } = said(form);
	limit(form, "identity", scope === "session" || scope === "once");
	limit(form, "pattern", scope === "once");
}

function bodyOf(form) {
	const body = said(form);
	return body.scope === "ttl" ? { ...body, ttl: HOUR } : body;
}

// Opens the menu. send(verb, body) carries the decision out.
//   verb  "approve" or "deny"
export function decide(question, verb, settings, send) {
	const approve = verb === "approve";
	const what = about(question);
	const tunnel =
		what === null && question.protocol === "https_connect" && question.port !== 443;
	const scopes = approve ? approvalScopes(question, settings) : denialScopes(settings);
	ask({
		title: [
			approve ? "Approve " : "Deny ",
			what === null ? null : [h("bdi", { class: "mono" }, what), " at "],
			host(question.host, question.registrable),
			`:${question.port}`,
		],
		body: [
			approve ? null : note("Note for the record", { autofocus: true }),
			radios("scope", "How long", scopes),
			question.wider.length > 0 ? radios("pattern", "Which hosts", patterns(question)) : null,
			radios("identity", "For whom", identities(question)),
			approve && tunnel ? insideTunnel() : null,
			approve ? note("Note for the record (optional)") : null,
		],
		action: approve ? "Approve" : "Deny",
		run: (form) => send(verb, bodyOf(form)),
		change: narrow,
	});
}
