// SPDX-License-Identifier: Apache-2.0
// The page as a whole: signing in, which view is shown, the stream of events, the keys.

import { signInByLink, signInByToken, signOut, whenSignedOut, whoAmI } from "./api.js";
import { ask } from "./dialog.js";
import { byId, h } from "./dom.js";
import * as grants from "./grants.js";
import * as insights from "./insights.js";
import { plain } from "./names.js";
import * as questions from "./questions.js";
import { Stream } from "./stream.js";
import { blocked, live } from "./traffic.js";

const VIEWS = { questions, grants, live, blocked, insights };
let view = null;
let stream = null;

function viewOfHash() {
	const name = location.hash.replace(/^#\//, "");
	return Object.hasOwn(VIEWS, name) ? name : "questions";
}

function route() {
	if (stream === null || (location.hash !== "" && !location.hash.startsWith("#/"))) return;
	const name = viewOfHash();
	if (name === view) return;
	const moved = view !== null;
	leave();
	view = name;
	byId(name).hidden = false;
	for (const link of document.querySelectorAll("nav a")) {
		if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	}
	VIEWS[name].show();
	if (moved) byId(`${name}-title`).focus({ preventScroll: true });
}

function leave() {
	if (view === null) return;
	VIEWS[view].hide();
	byId(view).hidden = true;
	view = null;
}

function showLink(isLive) {
	const node = byId("link");
	const text = isLive ? "live" : "Connection lost, trying again…";
	if (node.textContent === text) return;
	node.textContent = text;
	node.classList.toggle("lost", !isLive);
}

function onEvent(name, value) {
	if (name === "approval") questions.take(value);
	if (name === "config") questions.load();
	if (name === "grant" && view === "grants") grants.load();
	if (name === "hello" && !value.resumed) {
		questions.load();
		if (view === "grants") grants.load();
	}
}

function enter(me) {
	byId("signin").hidden = true;
	byId("bar").hidden = false;
	byId("me").textContent = me.name === me.role ? me.role : `${plain(me.name)} (${me.role})`;
	stream?.stop();
	questions.clear(); // buttons are as the role is
	stream = new Stream("/v1/events?kinds=approval,grant,config", onEvent, showLink);
	route();
}

function showSignIn(text) {
	stream?.stop();
	stream = null;
	leave();
	questions.clear();
	byId("dialog").close();
	byId("bar").hidden = true;
	byId("signin").hidden = false;
	byId("signin-fault").textContent = text;
	byId("token").focus();
}

// The code leaves the address bar, and the history, before it is used.
function takeCode() {
	const found = /^#signin=(.+)$/.exec(location.hash);
	if (found === null) return null;
	history.replaceState(null, "", "/#/questions");
	return decodeURIComponent(found[1]);
}

async function start() {
	const code = takeCode();
	try {
		if (code !== null) await signInByLink(code);
	} catch (problem) {
		showSignIn(
			problem.status === 401
				? "This link was used before, or is too old. Ask for a new one."
				: problem.message,
		);
		return;
	}
	await whoAmI().then(enter, (problem) =>
		showSignIn(problem.status === 401 ? "" : problem.message),
	);
}

async function onToken(event) {
	event.preventDefault();
	const field = byId("token");
	const text = field.value.trim();
	try {
		const me = await signInByToken(text);
		field.value = "";
		enter(me);
	} catch (problem) {
		byId("signin-fault").textContent =
			problem.status === 401 ? "sallyport does not know this token." : problem.message;
	}
}

const HELP = [
	["j or ↓", "next question"],
	["k or ↑", "previous question"],
	["a or Enter", "approve once"],
	["A", "approve for longer, more hosts, everybody"],
	["d", "deny"],
	["D", "deny with a note"],
	["/", "filter a long list"],
	["?", "this list"],
];

function showHelp() {
	ask({
		title: "Keys",
		body: [
			h(
				"dl",
				{ class: "keys" },
				HELP.map(([keys, what]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)]),
			),
			h(
				"p",
				{ class: "hint" },
				"Keys decide about the question that has the focus. Without one they go to the first.",
			),
		],
		leave: "Close",
	});
}

function onKey(event) {
	const typing = event.target.matches?.("input, textarea, select") || byId("dialog").open;
	if (typing || event.ctrlKey || event.altKey || event.metaKey || stream === null) return;
	if (event.key === "?") showHelp();
	else if (!questions.press(event)) return;
	event.preventDefault();
}

async function onSignOut() {
	await signOut().catch(() => {});
	showSignIn("You are signed out.");
}

whenSignedOut((problem) => stream !== null && showSignIn(problem.message));
byId("signin-form").addEventListener("submit", onToken);
byId("signout").addEventListener("click", onSignOut);
byId("help").addEventListener("click", showHelp);
addEventListener("hashchange", () => (/^#signin=/.test(location.hash) ? start() : route()));
addEventListener("keydown", onKey);
start();
