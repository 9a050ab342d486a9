// SPDX-License-Identifier: Apache-2.0
// How many questions wait, for those who look at another tab: title and icon.

import { byId } from "./dom.js";

const GATE = "M7 8h3v2h3V8h6v2h3V8h3v17h-5v-6a4 4 0 0 0-8 0v6H7z";
let shown = 0;

function picture(text) {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#2b59c3"/><path d="${GATE}" fill="#fff"/>
<rect x="${text.length > 1 ? 6 : 12}" y="12" width="26" height="20" rx="10" fill="#b3261e"/>
<text x="${text.length > 1 ? 19 : 22}" y="28" text-anchor="middle" font-family="sans-serif"
font-size="17" font-weight="bold" fill="#fff">${text}</text></svg>`;
}

export function showBadge(count) {
	if (count === shown) return;
	shown = count;
	document.title = count > 0 ? `(${count}) sallyport` : "sallyport";
	byId("count").hidden = count === 0;
	byId("count").textContent = String(count);
	const text = count > 99 ? "99" : String(count);
	document.querySelector("link[rel=icon]").href =
		count === 0 ? "/icon.svg" : `data:image/svg+xml,${encodeURIComponent(picture(text))}`;
}
