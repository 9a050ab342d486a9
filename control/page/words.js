// SPDX-License-Identifier: Apache-2.0
// Values as people read them.

// 42 -> "42 s", 185 -> "3 min 5 s", 7500 -> "2 h 5 min".
export function duration(seconds) {
	const whole = Math.max(0, Math.round(seconds));
	const units = [
		["days", 86400],
		["h", 3600],
		["min", 60],
		["s", 1],
	];
	const first = units.findIndex(([, size]) => whole >= size);
	if (first < 0) return "0 s";
	const [unit, size] = units[first];
	const left = whole % size;
	const words = `${Math.floor(whole / size)} ${whole < 2 * 86400 && unit === "days" ? "day" : unit}`;
	if (first === units.length - 1) return words;
	const [next, part] = units[first + 1];
	const rest = Math.floor(left / part);
	return rest > 0 ? `${words} ${rest} ${next}` : words;
}

// Waiting times are short: a tenth counts.
export function short(seconds) {
	if (seconds === null || seconds === undefined) return "–";
	return seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

export const secondsSince = (time) => (Date.now() - Date.parse(time)) / 1000;

const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

// Today's times alone, others with their date.
function when(time, today) {
	const at = new Date(time);
	if (at.toDateString() === new Date().toDateString()) return at.toLocaleTimeString([], today);
	return at.toLocaleString([], { month: "short", day: "numeric", ...TIME });
}

export const clock = (time) => when(time, { ...TIME, second: "2-digit" });
export const until = (time) => `until ${when(time, TIME)}`;
export const minute = (time) => new Date(time).toLocaleTimeString([], TIME);

export function bytes(count) {
	if (count < 1000) return `${count} B`;
	const units = ["kB", "MB", "GB", "TB", "PB"];
	let value = count / 1000;
	let unit = 0;
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1000;
		unit += 1;
	}
	return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export const counted = (count, one, many) =>
	`${count.toLocaleString()} ${count === 1 ? one : many}`;

export const PROTOCOLS = { https_connect: "tunnel", http: "plain HTTP", tls: "TLS", raw: "raw" };
export const protocol = (word) => PROTOCOLS[word] ?? word;

const REASONS = {
	not_allowed: "on no list",
	denied: "on the deny list",
	port_not_allowed: "port not listed",
	local_address: "local address",
	resolved_local: "resolves to a local address",
	own_endpoint: "the proxy itself",
	mode_limited: "limited mode",
	rule_denied: "a rule denies it",
	rule_not_allowed: "no rule allows it",
	rule_held: "a rule holds it",
	approval_pending: "waits for a decision",
	approval_denied: "somebody said no",
	approval_expired: "nobody answered in time",
	approval_revoked: "approval taken back",
	too_many_questions: "too many questions",
	sni_mismatch: "TLS names another host",
	sni_missing: "TLS names no host",
	not_tls: "not TLS",
	bad_target: "malformed host or port",
};
export const reason = (word) => REASONS[word] ?? (word ?? "").replaceAll("_", " ");

const STATES = {
	pending: "Open",
	approved: "Approved",
	denied: "Denied",
	expired: "Nobody answered in time",
	withdrawn: "Withdrawn: nobody waits any more",
};
export const state = (word) => STATES[word] ?? word;

const SCOPES = { once: "once", session: "for the session", ttl: "for a time", always: "for good" };
export const scope = (word) => SCOPES[word] ?? word;

// A decision in a few words: "Approved for the session by admin".
export function outcome(question) {
	const { decision } = question;
	if (decision === null) return state(question.state);
	return `${state(question.state)} ${scope(decision.scope)} by ${decision.decider}`;
}
