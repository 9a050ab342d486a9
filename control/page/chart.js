// SPDX-License-Identifier: Apache-2.0
// An hour of decisions, minute by minute: one strip of bars each for what was allowed, held and
// denied, each on its own scale, because a thousand allowed ones must not hide two denials.

import { h, svg, table } from "./dom.js";
import { minute } from "./words.js";

const STRIPS = [
	["allowed", "Allowed"],
	["held", "Held"],
	["denied", "Denied"],
];
const WIDTH = 600;
const HEIGHT = 44;

function strip(minutes, kind, label) {
	const values = minutes.map((each) => each[kind]);
	const most = Math.max(1, ...values);
	const total = values.reduce((sum, value) => sum + value, 0);
	const step = WIDTH / Math.max(1, values.length);
	const bars = values.map((value, at) => {
		const height = value === 0 ? 0 : Math.max(2, (HEIGHT * value) / most);
		return svg("rect", {
			x: at * step + 1,
			y: HEIGHT - height,
			width: step - 2,
			height,
			rx: 1,
		});
	});
	const text = `${label}: ${total.toLocaleString()} in the last hour, at most ${Math.max(...values)} in a minute`;
	return h(
		"div",
		{ class: `strip ${kind}` },
		h(
			"p",
			{},
			h("strong", {}, total.toLocaleString()),
			` ${label.toLowerCase()} `,
			h("span", { class: "hint" }, `peak ${Math.max(...values)} a minute`),
		),
		svg(
			"svg",
			{
				viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
				preserveAspectRatio: "none",
				role: "img",
				"aria-label": text,
			},
			svg("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
			bars,
		),
	);
}

const NUMBERS = [
	{ label: "Minute", kind: "time", cell: (each) => minute(each.at) },
	...STRIPS.map(([kind, label]) => ({
		label,
		kind: "number",
		cell: (each) => String(each[kind]),
	})),
];

// The same as a table, for those who would rather read, without minutes in which nothing happened.
function numbers(minutes) {
	const busy = minutes.filter((each) => STRIPS.some(([kind]) => each[kind] > 0)).reverse();
	const caption = "Decisions by minute, newest first; minutes without any are left out";
	return h("details", {}, h("summary", {}, "The same as a table"), table(caption, NUMBERS, busy));
}

export function chart(minutes) {
	const ends =
		minutes.length === 0
			? null
			: h(
					"p",
					{ class: "ends", "aria-hidden": "true" },
					h("span", {}, minute(minutes[0].at)),
					h("span", {}, minute(minutes[minutes.length - 1].at)),
				);
	return h(
		"section",
		{ class: "panel chart" },
		h("h2", {}, "Decisions by minute"),
		STRIPS.map(([kind, label]) => strip(minutes, kind, label)),
		ends,
		numbers(minutes),
	);
}
