// SPDX-License-Identifier: Apache-2.0
// h2_node.js serve CERTIFICATE KEY: an HTTP/2 server of Node's, which prints its port: it echoes what
// a WebSocket sends (RFC 8441), and anything else as content.
// h2_node.js ask PROXY_PORT HOST PORT CA: what a client of Node's gets from it through the proxy.
const fs = require("node:fs");
const http2 = require("node:http2");
const net = require("node:net");
const tls = require("node:tls");

function serve(certificate, key) {
	const server = http2.createSecureServer({
		cert: fs.readFileSync(certificate),
		key: fs.readFileSync(key),
		settings: { enableConnectProtocol: true },
	});
	server.on("stream", (stream, headers) => {
		stream.on("error", () => {});
		const websocket = headers[":method"] === "CONNECT" && headers[":protocol"] === "websocket";
		stream.respond({ ":status": 200, "x-websocket": String(websocket) });
		stream.pipe(stream);
	});
	server.listen(0, "127.0.0.1", () => console.log(server.address().port));
}

function tunnel(proxyPort, host, port, ca) {
	return new Promise((done, failed) => {
		const socket = net.connect(proxyPort, "127.0.0.1");
		socket.on("error", failed);
		socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
		socket.once("data", (head) => {
			if (!head.toString().startsWith("HTTP/1.1 200")) failed(new Error(head.toString()));
			const options = { socket, servername: host, ca, ALPNProtocols: ["h2"] };
			const secure = tls.connect(options, () => done(secure));
			secure.on("error", failed);
		});
	});
}

function talk(stream, send) {
	return new Promise((done, failed) => {
		const got = [];
		let head;
		stream.on("response", (headers) => (head = headers));
		stream.on("data", (data) => got.push(data));
		stream.on("end", () => done([head, Buffer.concat(got).toString()]));
		stream.on("error", failed);
		send(stream);
	});
}

async function ask(proxyPort, host, port, ca) {
	const socket = await tunnel(proxyPort, host, port, fs.readFileSync(ca));
	const session = http2.connect(`https://${host}:${port}`, { createConnection: () => socket });
	while (!session.remoteSettings.enableConnectProtocol)
		await new Promise((done) => session.once("remoteSettings", done));
	const upgrade = { ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" };
	const [head, echo] = await talk(session.request(upgrade), (stream) => {
		stream.write("hello ");
		stream.once("data", () => stream.end("again"));
	});
	console.log(head[":status"], head["x-websocket"], echo);
	const secret = { ...upgrade, ":path": "/secret/chat" };
	const [refused] = await talk(session.request(secret), (stream) => stream.end());
	console.log(refused[":status"], refused["x-proxy-error"]);
	const content = "0123456789".repeat(10000);
	const all = [...Array(40).keys()].map((n) =>
		talk(session.request({ ":method": "POST", ":path": `/${n}` }), (s) => s.end(content)),
	);
	for (const [, back] of await Promise.all(all)) if (back !== content) throw new Error("lost");
	session.close();
	console.log("all is well");
}

const [what, ...words] = process.argv.slice(2);
if (what === "serve") serve(...words);
else
	ask(...words).catch((fault) => {
		console.log(fault);
		process.exit(1);
	});
