// SPDX-License-Identifier: Apache-2.0
// Server-sent events (WHATWG HTML §9.2) read with fetch, because EventSource can neither send a
// token nor notice a silent connection. Resumes with Last-Event-ID.

import { request } from "./api.js";

const SILENCE_MS = 45000; // three pings of the server
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10000;

// Lines in, events out: onEvent(name, data, id). Text may come in pieces of any size.
export class EventParser {
	constructor(onEvent) {
		this.onEvent = onEvent;
		this.rest = "";
		this.id = "";
		this.begin();
	}

	begin() {
		this.name = "message";
		this.data = [];
	}

	push(text) {
		const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
		this.rest = lines.pop();
		for (const line of lines) this.line(line);
	}

	line(line) {
		if (line === "") {
			if (this.data.length > 0) this.onEvent(this.name, this.data.join("\n"), this.id);
			this.begin();
			return;
		}
		const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
		if (field === "event") this.name = value;
		if (field === "data") this.data.push(value);
		if (field === "id") this.id = value;
	}
}

// Keeps a stream open until stop().
//   onEvent(name, value)   value is the parsed JSON
//   onState(live)          true once events arrive, false when they stopped
export class Stream {
	constructor(path, onEvent, onState) {
		this.path = path;
		this.onEvent = onEvent;
		this.onState = onState;
		this.last = "";
		this.stopped = false;
		this.run();
	}

	stop() {
		this.stopped = true;
		this.abort?.abort();
	}

	async run() {
		this.pause = FIRST_PAUSE_MS;
		while (!this.stopped) {
			await this.read().catch((problem) => {
				if (problem.status === 401) this.stopped = true;
			});
			if (this.stopped) return;
			this.onState(false);
			await this.rest();
			this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
		}
	}

	// A pause, cut short when the network is back; spread out so that many pages do not come at once.
	rest() {
		return new Promise((resolve) => {
			setTimeout(resolve, this.pause * (0.75 + Math.random() / 2));
			addEventListener("online", resolve, { once: true });
		});
	}

	async read() {
		this.abort = new AbortController();
		const headers = this.last === "" ? {} : { "Last-Event-ID": this.last };
		const answer = await request("GET", this.path, { headers, signal: this.abort.signal });
		const parser = new EventParser((name, data, id) => {
			this.pause = FIRST_PAUSE_MS;
			this.onState(true);
			this.onEvent(name, JSON.parse(data));
			if (id !== "") this.last = id;
		});
		const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
		let silence;
		try {
			for (;;) {
				clearTimeout(silence);
				silence = setTimeout(() => this.abort.abort(), SILENCE_MS);
				const { done, value } = await reader.read();
				if (done) return;
				parser.push(value);
			}
		} finally {
			clearTimeout(silence);
			this.abort.abort();
		}
	}
}
