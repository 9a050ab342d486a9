/* SPDX-License-Identifier: Apache-2.0 */
#include "telemetry/view_key.h"

/* Field 1, bytes (protobuf encoding, tags). */
#define KEY(name)                                                                                  \
	{                                                                                          \
		1 << 3 | 2, sizeof(name) - 1, name                                                 \
	}

const struct view_key view_keys[KEY_COUNT] = {
	[KEY_PROTOCOL] = KEY("network.transport.protocol"),
	[KEY_SERVER_ADDRESS] = KEY("server.address"),
	[KEY_SERVER_PORT] = KEY("server.port"),
	[KEY_METHOD] = KEY("http.request.method"),
	[KEY_CLIENT_ADDRESS] = KEY("client.address"),
	[KEY_CLIENT_PORT] = KEY("client.port"),
	[KEY_USER] = KEY("user.id"),
	[KEY_SESSION] = KEY("session.id"),
	[KEY_CONNECTION] = KEY("network_proxy.connection.id"),
	[KEY_POLICY_SCOPE] = KEY("network.policy.scope"),
	[KEY_POLICY_DECISION] = KEY("network.policy.decision"),
	[KEY_POLICY_SOURCE] = KEY("network.policy.source"),
	[KEY_POLICY_REASON] = KEY("network.policy.reason"),
	[KEY_POLICY_OVERRIDE] = KEY("network.policy.override"),
	[KEY_POLICY_RULE] = KEY("network.policy.rule"),
	[KEY_PATH] = KEY("url.path"),
	[KEY_BYTES_SENT] = KEY("network_proxy.bytes_sent"),
	[KEY_BYTES_RECEIVED] = KEY("network_proxy.bytes_received"),
	[KEY_DURATION] = KEY("network_proxy.duration"),
	[KEY_REASON] = KEY("network_proxy.reason"),
	[KEY_PEER_ADDRESS] = KEY("network.peer.address"),
	[KEY_PEER_PORT] = KEY("network.peer.port"),
	[KEY_SERVER_NAME] = KEY("tls.client.server_name"),
	[KEY_STATUS] = KEY("http.response.status_code"),
	[KEY_APPROVAL_ID] = KEY("network_proxy.approval.id"),
	[KEY_APPROVAL_STATE] = KEY("network_proxy.approval.state"),
	[KEY_APPROVAL_SCOPE] = KEY("network_proxy.approval.scope"),
	[KEY_APPROVAL_PATTERN] = KEY("network_proxy.approval.pattern"),
	[KEY_APPROVAL_KIND] = KEY("network_proxy.approval.kind"),
	[KEY_APPROVAL_SUBJECT] = KEY("network_proxy.approval.subject"),
	[KEY_APPROVAL_DECIDER] = KEY("network_proxy.approval.decider"),
	[KEY_APPROVAL_NOTE] = KEY("network_proxy.approval.note"),
	[KEY_APPROVAL_WAITED] = KEY("network_proxy.approval.waited"),
	[KEY_APPROVAL_WAITERS] = KEY("network_proxy.approval.waiters"),
	[KEY_GRANT_ID] = KEY("network_proxy.grant.id"),
	[KEY_CONFIG_OUTCOME] = KEY("network_proxy.config.outcome"),
	[KEY_CONFIG_ACTOR] = KEY("network_proxy.config.actor"),
	[KEY_CONFIG_CHANGE] = KEY("network_proxy.config.change"),
	[KEY_DROPPED_COUNT] = KEY("network_proxy.dropped.count"),
	[KEY_DROPPED_CAUSE] = KEY("network_proxy.dropped.cause"),
};
