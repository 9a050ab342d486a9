// SPDX-License-Identifier: Apache-2.0
// Names and texts that somebody else chose, shown so that they cannot pretend to be something else.

import { h } from "./dom.js";

// Control, format (bidi overrides among them), private and unassigned characters become visible;
// line breaks stay.
export function plain(text) {
	return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu, (c) =>
		c === "\n" ? c : `⟨U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
	);
}

// What a question or grant is about beside its host, or null.
export function about({ subject_kind: kind, subject }) {
	if (!subject) return null;
	return kind === "search" ? `the search “${plain(subject)}”` : plain(subject);
}

// "POST /x at a.example:443", or the authority alone.
export function matter(question) {
	const name = authority(question.host, question.port);
	const what = about(question);
	return what === null ? name : `${what} at ${name}`;
}

// The same below a name in a table.
export function subjectLine(item) {
	const what = about(item);
	return what === null ? null : h("p", { class: "hint" }, h("bdi", { class: "mono" }, what));
}

// The name with the part that somebody registered set off from what its owner put below it.
export function host(name, registrable) {
	const ends = registrable && (name === registrable || name.endsWith(`.${registrable}`));
	const cut = ends ? name.length - registrable.length : 0;
	return h(
		"bdi",
		{ class: "host", dir: "ltr" },
		cut > 0 ? h("span", { class: "below" }, plain(name.slice(0, cut))) : null,
		h("strong", {}, plain(name.slice(cut))),
	);
}

// host:port as one text; brackets are part of an IPv6 host already, or are put there.
export function authority(name, port) {
	const text = name === null || name === undefined ? "?" : plain(name);
	const bare = text.includes(":") && !text.startsWith("[") ? `[${text}]` : text;
	return port ? `${bare}:${port}` : bare;
}

// Where a rule is written: the file without its folders, and the line.
export function place({ file, line }) {
	const full = plain(file);
	const base = full.slice(full.lastIndexOf("/") + 1);
	return h("span", { class: "hint", title: `${full}:${line}` }, `${base}:${line}`);
}

const SCRIPTS = [
	"Latin",
	"Cyrillic",
	"Greek",
	"Armenian",
	"Georgian",
	"Hebrew",
	"Arabic",
	"Devanagari",
	"Thai",
	"Han",
	"Hiragana",
	"Katakana",
	"Hangul",
	"Bopomofo",
	"Cherokee",
	"Ethiopic",
];
const PATTERNS = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, "u")]);
// Scripts that one language writes together: UTS 39 §5.2, "highly restrictive".
const TOGETHER = [
	["Latin", "Han", "Hiragana", "Katakana"],
	["Latin", "Han", "Bopomofo"],
	["Latin", "Han", "Hangul"],
];
// Letters of other scripts that are drawn as Latin ones.
const TWINS = /^[асеһіјӏорԛѕԁуԝхгпвкмнтьαγινοκρτυχյհոսօցզ0-9-]+$/u;

function scriptsOf(label) {
	const found = new Set();
	for (const letter of label.match(/\p{L}/gu) ?? []) {
		found.add(PATTERNS.find(([, pattern]) => pattern.test(letter))?.[0] ?? "other");
	}
	return [...found];
}

// Why a name in its own letters may be taken for another one; null when nothing speaks for that.
export function lookAlike(unicode) {
	for (const label of unicode.split(".")) {
		const scripts = scriptsOf(label);
		const usual = TOGETHER.some((set) => scripts.every((script) => set.includes(script)));
		if (scripts.length > 1 && !usual) {
			return `Mixes ${scripts.join(" and ")} letters in one label: it may imitate another name.`;
		}
		if (scripts.length === 1 && scripts[0] !== "Latin" && TWINS.test(label)) {
			return `Written in ${scripts[0]} letters that look like Latin ones: it may imitate another name.`;
		}
	}
	return null;
}
