/* SPDX-License-Identifier: Apache-2.0 */
/* tls/trust.h: why a certificate was not trusted, from OpenSSL's word for it. */
#ifndef SALLYPORT_TLS_TRUST_H
#define SALLYPORT_TLS_TRUST_H

#include "tls/fault.h"

/* verify_error: an X509_V_ERR_ of a verification that failed. */
enum tls_fault trust_fault(int verify_error);

#endif
