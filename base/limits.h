/* SPDX-License-Identifier: Apache-2.0 */
/* base/limits.h: every bound, once: value, unit, why, and what happens there. Bounds that an
 * operator may want to move are options (policy/option.def) and have their defaults there. */
#ifndef SALLYPORT_BASE_LIMITS_H
#define SALLYPORT_BASE_LIMITS_H

/* Names. RFC 1035 §2.3.4; beyond: malformed. */
#define LIMIT_NAME_BYTES  253
#define LIMIT_LABEL_BYTES 63
#define LIMIT_NAME_LABELS 127

/* Request and response heads, RFC 9110 §5.4. Beyond: 431 to a client, 502 for an upstream. */
#define LIMIT_HEAD_BYTES  (64 * 1024)
#define LIMIT_HEAD_FIELDS 100
/* Interim responses before a final one; a flood of them is 502. */
#define LIMIT_INTERIM 16
/* Options that the Connection fields of one head name; beyond: malformed. */
#define LIMIT_CONNECTION_OPTIONS 64
/* Trailers of one body, and chunk extensions beyond what its content outweighs, bytes; beyond:
 * malformed. */
#define LIMIT_TRAILER_BYTES (16 * 1024)

/* ClientHello over all its records. Post-quantum hellos are about 2 KiB; beyond: the tunnel ends. */
#define LIMIT_HELLO_BYTES (16 * 1024)
/* Records that one ClientHello may be cut into; beyond: malformed. */
#define LIMIT_HELLO_RECORDS 1024

/* Bytes a client may send before its CONNECT was answered; beyond: they stay in the socket. */
#define LIMIT_EARLY_BYTES (32 * 1024)
/* What waits to be written to one peer in user space; beyond: the other side is not read. */
#define LIMIT_QUEUE_BYTES (64 * 1024)
/* What a tunnel begins with: early bytes of the client, and the last of an exchange before it. */
#define LIMIT_HELD_BYTES (256 * 1024)
/* One read from a socket into the worker's shared buffer. */
#define LIMIT_READ_BYTES (64 * 1024)
/* Reads, accepts and relay rounds per turn, so that one peer cannot keep the loop to itself. */
#define LIMIT_TURN_READS   16
#define LIMIT_TURN_ACCEPTS 64
/* A refused client that is still sending is read and thrown away up to here, then closed. */
#define LIMIT_LINGER_BYTES (1024 * 1024)
#define LIMIT_LINGER_MS    2000

/* Addresses taken from one answer; the rest are ignored. */
#define LIMIT_ADDRESSES 16
/* CNAMEs followed and judged in one answer; beyond: DNS failure. */
#define LIMIT_CNAMES 16
/* Lookups under way in one worker; beyond: DNS failure for the newcomer. */
#define LIMIT_LOOKUPS 4096
/* Names in one worker's DNS cache; beyond: the one used longest ago goes. */
#define LIMIT_DNS_CACHE 4096
/* Records of one DNS answer that are looked at; beyond: ignored. */
#define LIMIT_DNS_RECORDS 1024
/* Seconds that an answer is kept whatever its TTL says; that a negative answer (RFC 2308 §5) or one
 * with a family missing is kept; that a failure is. */
#define LIMIT_DNS_TTL_S          3600
#define LIMIT_DNS_NEGATIVE_TTL_S 30
#define LIMIT_DNS_FAILURE_TTL_S  1
/* How long one address family waits for the other, RFC 8305 §3. */
#define LIMIT_RESOLUTION_DELAY_MS 50
/* The hosts file; a larger one is not read, with a warning; names beyond are not used, with one. */
#define LIMIT_HOSTS_BYTES (4 * 1024 * 1024)
#define LIMIT_HOSTS_NAMES 100000
/* Name servers asked in turn; beyond: ignored. */
#define LIMIT_NAME_SERVERS 8
/* Attempts of one dial under way at once; beyond: the oldest gives way. And how long one is alone
 * before the next begins, RFC 8305 §5. */
#define LIMIT_DIAL_ATTEMPTS   6
#define LIMIT_DIAL_STAGGER_MS 250
/* Idle upstream connections kept by one worker, in all and per target; beyond: closed. */
#define LIMIT_POOL        64
#define LIMIT_POOL_TARGET 8
/* Pipes that one worker keeps for splicing; beyond: made and closed for each use. */
#define LIMIT_PIPES 32

/* One event record in a ring, encoded; longer strings in it are cut and marked. */
#define LIMIT_EVENT_BYTES 2048
/* One batch of records for the collector; beyond: the next batch. */
#define LIMIT_BATCH_RECORDS 1024
#define LIMIT_BATCH_BYTES   (512 * 1024)
/* What a collector says in its answer; the rest is read and forgotten. */
#define LIMIT_RESPONSE_BYTES (16 * 1024)
/* Longest time that a collector may ask for with Retry-After, milliseconds. */
#define LIMIT_RETRY_AFTER_MS (10 * 60 * 1000)
/* JSON lines waiting for a pipe or a disk that takes none; beyond: lines are dropped and counted. */
#define LIMIT_LINES_BYTES (1024 * 1024)
/* Messages waiting in one mailbox; beyond: the sender is told no. */
#define LIMIT_MAILBOX 65536

/* Configuration. A larger file, longer list or deeper table is a load error. */
#define LIMIT_CONFIG_BYTES (256u * 1024 * 1024)
#define LIMIT_PATTERNS     4000000
#define LIMIT_WORKERS      256
/* One pattern as written, U-labels in UTF-8. Beyond: load error. */
#define LIMIT_PATTERN_BYTES 1024
/* Exceptions or address ranges of one entry, and entries for one and the same name or range (they
 * differ in ports); both are walked one by one. Beyond: load error. */
#define LIMIT_ENTRY_PATTERNS 256
#define LIMIT_NAME_ENTRIES   256
/* Rules about requests, and texts in one list of one. A rule that covers the target costs a look at
 * each. Beyond: load error. */
#define LIMIT_REQUEST_RULES 10000
#define LIMIT_RULE_TEXTS    256
/* Credentials of all rules together: every request that carries something is searched for the
 * placeholder of each. And the prefix or placeholder, and the field, of one. Beyond: load error. */
#define LIMIT_CREDENTIALS             256
#define LIMIT_CREDENTIAL_PREFIX_BYTES 256
#define LIMIT_CREDENTIAL_HEADER_BYTES 64
/* One secret. Beyond: it counts as not there. */
#define LIMIT_CREDENTIAL_BYTES 8192
/* A command that prints one, milliseconds, and how long until one that failed is run again. Beyond: it
 * is killed, and its secret counts as not there. */
#define LIMIT_CREDENTIAL_MS       10000
#define LIMIT_CREDENTIAL_RETRY_MS 30000
/* Rules that change the fields of one request. Beyond: 503. */
#define LIMIT_EDIT_RULES 16
/* Files that patterns may come from. Beyond: load error. */
#define LIMIT_PATTERN_FILES 4096
/* The proxy's own listeners, each wildcard one counted once per address of the machine. */
#define LIMIT_OWN_ENDPOINTS 1024
#define LIMIT_LISTENERS     16
/* Bytes of a unix socket's path, unix(7). Longer: load error. */
#define LIMIT_SOCKET_PATH 107

/* ---- approvals ---- */

/* Who asks: the client's address as text, which fits; what it calls itself, which counts as
 * nothing when it is longer. */
#define LIMIT_IDENTITY_BYTES 63
#define LIMIT_SESSION_BYTES  63
/* Name of who decided and the note beside it; beyond: cut at a character. */
#define LIMIT_DECIDER_BYTES 63
#define LIMIT_NOTE_BYTES    511
/* The reason that an agent gives; beyond: 413, for the rest might say the opposite. */
#define LIMIT_JUSTIFICATION_BYTES 1023
/* What a question is about beside its host, such as the words of a search; beyond: a search is refused,
 * a rule with such a long one is a load error. */
#define LIMIT_SUBJECT_BYTES 2048
/* Connections that wait for a decision, in all workers together; beyond: 429. The smaller bounds for
 * one identity or question are options. */
#define LIMIT_WAITERS 1048576
/* Questions that wait for a decision; beyond: 429. */
#define LIMIT_QUESTIONS 65536
/* Ended questions that the desk remembers; beyond: only the ledger's history has them. */
#define LIMIT_DECIDED 1024
/* Live grants; beyond: a decision is refused until one is revoked or ends. */
#define LIMIT_GRANTS 16384
/* Once-grants taken back that workers are told of by id; beyond: all older ones count as taken back. */
#define LIMIT_REVOKED 1024
/* Ended questions in the ledger; beyond: the oldest go. */
#define LIMIT_HISTORY 100000
/* Rulings in one message to a worker; beyond: the next message. */
#define LIMIT_NOTICE 4096

/* The process behind a local client: searches at once (beyond: it stays unknown), and what one looks
 * at before it gives up: lines of /proc/net, processes, descriptors. A command line is read so far. */
#define LIMIT_PEER_SEARCHES      16
#define LIMIT_PEER_SOCKETS       65536
#define LIMIT_PEER_PROCESSES     4096
#define LIMIT_PEER_DESCRIPTORS   65536
#define LIMIT_PEER_COMMAND_BYTES 4096
/* CPU time that searches take: milliseconds at once, and one part in so many in the long run. Beyond:
 * the process stays unknown, and traffic keeps its time. */
#define LIMIT_PEER_BURST_MS 200
#define LIMIT_PEER_PART     10

/* ---- the agent's own page ---- */

/* A justification with what it is wrapped in; beyond: 413. A path of ours; beyond: 404. */
#define LIMIT_AGENT_BODY_BYTES 4096
#define LIMIT_AGENT_PATH_BYTES 63
/* What one answer shows: allow entries and bytes of them, pending questions, ended ones; and all of
 * it, beyond which it is 503. */
#define LIMIT_AGENT_PATTERNS      1000
#define LIMIT_AGENT_PATTERN_BYTES (48 * 1024)
#define LIMIT_AGENT_PENDING       50
#define LIMIT_AGENT_ENDED         20
#define LIMIT_AGENT_REPLY_BYTES   (192 * 1024)
/* Calls that wait for a decision, in all and of one identity; beyond: answered at once. */
#define LIMIT_AGENT_CALLS          1024
#define LIMIT_AGENT_CALLS_IDENTITY 128
/* Calls of one identity at once, and how long until one more is taken, milliseconds; beyond: 429. And
 * the places that identities share for that. */
#define LIMIT_AGENT_BURST   200
#define LIMIT_AGENT_STEP_MS 10
#define LIMIT_AGENT_PLACES  1024

/* ---- interception ---- */

/* Ciphertext of one engine that waits to be sent; beyond: it takes no plaintext. */
#define LIMIT_ENGINE_OUTPUT_BYTES (64 * 1024)
/* Handshake messages behind the handshake (tickets, key updates, requests to negotiate again) with
 * no plaintext between them; beyond: the connection ends. */
#define LIMIT_ENGINE_MESSAGES 32
/* An upstream's certificates in all, bytes, and the issuers between the first and a root; beyond:
 * the handshake fails. */
#define LIMIT_CHAIN_BYTES (64 * 1024)
#define LIMIT_CHAIN_DEPTH 8
/* Upstreams' tickets kept by one worker, in all and per name and port; beyond: the one used longest
 * ago goes. And how long one is good, seconds. */
#define LIMIT_TICKETS        1024
#define LIMIT_TICKETS_TARGET 4
#define LIMIT_TICKET_S       7200

/* ---- search store ---- */

/* Variants of one key that are kept and looked at; beyond: the oldest goes. Names in one Vary, and
 * bytes of what they select by; beyond: the answer is not kept. */
#define LIMIT_SEARCH_VARIANTS      8
#define LIMIT_SEARCH_VARY          16
#define LIMIT_SEARCH_VARIANT_BYTES (8 * 1024)
/* Texts of the results in one answer, and bytes of each; beyond: left out, cut. */
#define LIMIT_SEARCH_RESULTS      64
#define LIMIT_SEARCH_RESULT_BYTES 1024
/* A line of an import, or the head of one of its records; beyond: the file is not imported. */
#define LIMIT_SEARCH_LINE_BYTES (128 * 1024 * 1024)
/* Entries evicted in one change; beyond: with the next one. Hits and misses counted in memory before
 * they are written, and keys that are remembered as missed; beyond: the rarest go. */
#define LIMIT_SEARCH_EVICTIONS 256
#define LIMIT_SEARCH_TOUCHES   1024
#define LIMIT_SEARCH_MISSES    10000
/* Asks for searches at once, of one worker and waiting for one fetch; bytes of the texts and fields of
 * one; and of answers that are being copied, in all. Beyond: the client is served alone, nothing is
 * kept. */
#define LIMIT_LOANS         65536
#define LIMIT_LOANS_WAITING 4096
#define LIMIT_LOAN_BYTES    (32 * 1024)
#define LIMIT_FILL_BYTES    (64 * 1024 * 1024)

/* ---- HTTP/2, RFC 9113 ---- */

/* Streams of one connection under way at once; beyond: refused, the client may try again. */
#define LIMIT_H2_STREAMS 100
/* Content that waits in one stream and in all of a connection, each way: the windows that the sender
 * is given. Beyond: a fault of the sender. */
#define LIMIT_H2_STREAM_WINDOW (256 * 1024)
#define LIMIT_H2_WINDOW        (1024 * 1024)
/* Heads of the requests under way on one connection, together; beyond: 431. */
#define LIMIT_H2_HEADS_BYTES (512 * 1024)
/* Frames of our own that wait for a peer that reads nothing; beyond: the connection ends. */
#define LIMIT_H2_QUEUE 1000
/* Frames that cost and bring nothing (pings, settings, empty data, malformed heads), at once and one
 * more each so many milliseconds; and resets of requests. Beyond: the connection ends. */
#define LIMIT_H2_IDLE_FRAMES        1000
#define LIMIT_H2_IDLE_FRAME_STEP_MS 10
#define LIMIT_H2_RESETS             200
#define LIMIT_H2_RESET_STEP_MS      30

/* ---- control endpoint ---- */

/* Connections at once; beyond: the newest is closed. Event streams among them; beyond: 503. */
#define LIMIT_CONTROL_CONNECTIONS 256
#define LIMIT_STREAMS             64
/* A request head (431) and body (413) of the API, and what may wait for a slow reader (closed). */
#define LIMIT_CONTROL_HEAD_BYTES  (16 * 1024)
#define LIMIT_CONTROL_BODY_BYTES  (64 * 1024)
#define LIMIT_CONTROL_QUEUE_BYTES (4 * 1024 * 1024)
/* A whole request to arrive, and an idle connection to be kept, milliseconds. */
#define LIMIT_CONTROL_REQUEST_MS 10000
#define LIMIT_CONTROL_IDLE_MS    60000
/* Tokens; beyond: load error. Signed-in browsers; beyond: the oldest is signed out. */
#define LIMIT_TOKENS       256
#define LIMIT_SIGNED_IN    256
#define LIMIT_SIGNED_IN_MS (12 * 60 * 60 * 1000)
/* One-time links: how long one is good, and how many wait at once; beyond: the oldest goes. */
#define LIMIT_LINK_MS (10 * 60 * 1000)
#define LIMIT_LINKS   16
/* Wrong codes taken at once, and one more each second; beyond: 429. */
#define LIMIT_GUESSES 5
/* Longest long-poll; events kept for resuming streams. */
#define LIMIT_WAIT_MS     60000
#define LIMIT_FEED_EVENTS 1024
/* How often changes are told of, and new records while a stream wants them. */
#define LIMIT_FEED_MS         250
#define LIMIT_FEED_WATCHED_MS 50
/* Events are kept for so long after the last stream ended. */
#define LIMIT_FEED_KEPT_MS 60000
/* Questions whose waiters changed since the last look; beyond: all are told of at once. */
#define LIMIT_FEED_CHANGED 256
#define LIMIT_PING_MS      15000
/* Rows of GET /v1/connections and the like. */
#define LIMIT_ROWS 1000

/* ---- control client ---- */

/* To connect, and for a whole answer, milliseconds; beyond: the command fails. */
#define LIMIT_CLIENT_CONNECT_MS 5000
#define LIMIT_CLIENT_MS         30000
/* One answer of the API; beyond: the command fails. */
#define LIMIT_ANSWER_BYTES (32 * 1024 * 1024)
/* One line or event of an event stream; beyond: the stream is broken off and asked for again. */
#define LIMIT_SSE_BYTES (256 * 1024)
/* A decision is not taken for so long after the choice fell on another question by itself. */
#define LIMIT_SETTLE_MS 500

/* ---- reviewer ---- */

/* Questions that wait to be put to the reviewer; beyond: a person is asked. */
#define LIMIT_REVIEWS 1024
/* What a reviewer answers; beyond: a person is asked. */
#define LIMIT_REVIEW_BYTES (16 * 1024)
/* The secret that questions are signed with; shorter or longer: the reviewer is not started. */
#define LIMIT_SECRET_BYTES_LEAST 16
#define LIMIT_SECRET_BYTES       1024
/* A trouble of the same kind is logged again after this long. */
#define LIMIT_REVIEW_SILENCE_MS (10 * 60 * 1000)

/* ---- certificates ---- */

/* How far another machine's clock may be behind ours: certificates begin this long ago. */
#define LIMIT_CLOCK_SKEW_S 86400
/* How long a new authority is exported before it signs, and an old one after; see certs/vault.h. */
#define LIMIT_CA_OVERLAP_S (30 * 86400)
/* Shortest life of an authority and of a leaf. One with less left signs nothing any more. */
#define LIMIT_CA_LIFETIME_S   86400
#define LIMIT_LEAF_LIFETIME_S 3600
/* Names that an authority is constrained to; certificates behind it in its file. Beyond: refused. */
#define LIMIT_CA_NAMES   64
#define LIMIT_CA_ISSUERS 8
/* Leaves kept by a process; the smaller bound is an option. */
#define LIMIT_LEAVES 65536
/* A file of certificates, and how many it has; beyond: refused. */
#define LIMIT_PEM_BYTES (8 * 1024 * 1024)
#define LIMIT_ROOTS     1024
/* How long one process waits for another that changes files of an authority; beyond: an error. */
#define LIMIT_FILE_LOCK_MS 5000

/* ---- web search ---- */

/* Content of a request that may be a search; beyond: refused. */
#define LIMIT_SEARCH_BODY (64 * 1024)
/* Answer whose results are looked through; of a longer one only the query is found. */
#define LIMIT_SEARCH_ANSWER (8 * 1024 * 1024)
/* Parameters of a search, how deep JSON is nested in it, its query as text, what its key says as text;
 * beyond: refused. */
#define LIMIT_SEARCH_PARAMETERS 64
#define LIMIT_SEARCH_DEPTH      16
#define LIMIT_SEARCH_TEXT       2048
#define LIMIT_SEARCH_CANONICAL  (16 * 1024)
/* One value in that text; beyond: its digest. */
#define LIMIT_SEARCH_SHOWN 256
/* Own providers, the bytes of a provider's name, its hosts; beyond: load error. */
#define LIMIT_PROVIDERS      256
#define LIMIT_PROVIDER_NAME  32
#define LIMIT_PROVIDER_HOSTS 64

/* ---- digest ---- */
#define LIMIT_DIGEST_MINUTES 60
#define LIMIT_DIGEST_RECENT  256
#define LIMIT_DIGEST_BLOCKED 256
#define LIMIT_DIGEST_NAMES   512
/* Entries remembered as used; beyond: "unused" is not told any more. */
#define LIMIT_DIGEST_ENTRIES 65536

#endif
