/* SPDX-License-Identifier: Apache-2.0 */
/* From OpenSSL's errors and the peer's alerts to one fault. */
#include "tls/engine_inside.h"

#include <openssl/err.h>

/* What a fatal alert of the peer says, RFC 8446 §6.2. */
static enum tls_fault of_alert(const struct engine *e)
{
	switch (e->alert) {
	case SSL_AD_PROTOCOL_VERSION:
		return TLS_FAULT_PROTOCOL_VERSION;
	case SSL_AD_NO_APPLICATION_PROTOCOL:
		return TLS_FAULT_NO_PROTOCOL;
	case SSL_AD_CERTIFICATE_REQUIRED:
		return TLS_FAULT_CLIENT_CERTIFICATE_WANTED;
	case SSL_AD_BAD_CERTIFICATE:
	case SSL_AD_UNSUPPORTED_CERTIFICATE:
	case SSL_AD_CERTIFICATE_REVOKED:
	case SSL_AD_CERTIFICATE_EXPIRED:
	case SSL_AD_CERTIFICATE_UNKNOWN:
	case SSL_AD_UNKNOWN_CA:
		return TLS_FAULT_DISTRUSTED;
	default:
		return e->done ? TLS_FAULT_ALERT : TLS_FAULT_HANDSHAKE_FAILED;
	}
}

/* What OpenSSL says of its own; the rest is what the peer sent. */
static enum tls_fault of_error(unsigned long error)
{
	if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
		return TLS_FAULT_MEMORY;
	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return TLS_FAULT_NONE;
	switch (ERR_GET_REASON(error)) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_BAD_PROTOCOL_VERSION_NUMBER:
	case SSL_R_WRONG_SSL_VERSION:
	case SSL_R_INAPPROPRIATE_FALLBACK:
		return TLS_FAULT_PROTOCOL_VERSION;
	case SSL_R_NO_SHARED_CIPHER:
	case SSL_R_NO_SHARED_GROUPS:
	case SSL_R_NO_SUITABLE_KEY_SHARE:
	case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
	case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
	case SSL_R_WRONG_CIPHER_RETURNED:
	case SSL_R_UNKNOWN_CIPHER_RETURNED:
	case SSL_R_WRONG_SIGNATURE_TYPE:
	case SSL_R_WRONG_CURVE:
	case SSL_R_DH_KEY_TOO_SMALL:
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
		return TLS_FAULT_HANDSHAKE_FAILED;
	case ERR_R_INTERNAL_ERROR:
		return TLS_FAULT_INTERNAL;
	default:
		return TLS_FAULT_MALFORMED;
	}
}

/* The queue's first errors are the causes, the later ones what became of them; but where memory ran
 * out anywhere, that was it. */
enum engine_result engine_explain(struct engine *e)
{
	enum tls_fault fault = TLS_FAULT_NONE;
	unsigned long error;

	while ((error = ERR_get_error()) != 0) {
		enum tls_fault next = of_error(error);
		if (fault == TLS_FAULT_NONE || next == TLS_FAULT_MEMORY)
			fault = next;
	}
	if (e->alert != 0 && fault != TLS_FAULT_MEMORY)
		fault = of_alert(e);
	return engine_fail(e, fault == TLS_FAULT_NONE ? TLS_FAULT_INTERNAL : fault);
}
