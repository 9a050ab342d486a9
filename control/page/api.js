// SPDX-License-Identifier: Apache-2.0
// Calls of the control API, and who is signed in. The page's session is a cookie that scripts
// cannot see; a pasted token stays in this variable and goes nowhere else.

let token = null;
let role = "viewer";
let onSignedOut = () => {};

const ROLES = ["viewer", "approver", "admin"];

// What went wrong, as one sentence for a person (RFC 9457). Status 0: no answer at all.
export class Problem extends Error {
	constructor(status, code, detail) {
		super(detail);
		this.status = status;
		this.code = code;
	}
}

const WORDS = {
	401: "You are not signed in any more.",
	403: "Your role does not allow that.",
	404: "That is not known any more.",
	409: "Somebody else has decided that already.",
	410: "That is over: nobody can decide it any more.",
	503: "sallyport cannot do that just now.",
};

async function problemOf(answer) {
	const said = await answer.json().catch(() => ({}));
	const words = WORDS[answer.status] ?? `sallyport answered ${answer.status}.`;
	const detail = typeof said.detail === "string" && said.detail !== "" ? said.detail : null;
	const text = detail === null ? words : answer.status in WORDS ? `${words} (${detail})` : detail;
	return new Problem(answer.status, said.code ?? "", text);
}

// A fetch with the credentials; throws a Problem unless the answer is a good one.
export async function request(method, path, { body, headers = {}, signal } = {}) {
	const fields = { ...headers };
	if (token !== null) fields.Authorization = `Bearer ${token}`;
	if (body !== undefined) fields["Content-Type"] = "application/json";
	let answer;
	try {
		answer = await fetch(path, {
			method,
			signal,
			headers: fields,
			cache: "no-store",
			redirect: "error",
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	} catch {
		throw new Problem(
			0,
			"unreachable",
			"sallyport does not answer. Nothing was changed by this page.",
		);
	}
	if (answer.ok) return answer;
	const problem = await problemOf(answer);
	if (answer.status === 401) onSignedOut(problem);
	throw problem;
}

async function json(method, path, body) {
	const answer = await request(method, path, { body });
	return answer.status === 204 ? null : answer.json();
}

export const get = (path) => json("GET", path);
export const post = (path, body = {}) => json("POST", path, body);
export const remove = (path) => json("DELETE", path);

export function whenSignedOut(callback) {
	onSignedOut = callback;
}

// The session's cookie for a link's code; the code is worthless afterwards.
export async function signInByLink(code) {
	token = null;
	await post("/v1/signin", { code });
}

export async function signInByToken(text) {
	token = text;
	return whoAmI();
}

export async function whoAmI() {
	try {
		const me = await get("/v1/me");
		role = me.role;
		return me;
	} catch (problem) {
		token = null;
		throw problem;
	}
}

export async function signOut() {
	if (token === null) await post("/v1/signout");
	token = null;
}

export function may(wanted) {
	return ROLES.indexOf(role) >= ROLES.indexOf(wanted);
}
