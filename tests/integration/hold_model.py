# SPDX-License-Identifier: Apache-2.0
"""What may and must have held at each moment of a concurrent run, told by those who made it so.

Nothing that happens in another process has one moment: a rule counts for certain from the answer of
the call that made it until the beginning of the call that ends it, and possibly from the beginning
of the first until the answer of the second.

        born ........ sure ===================== doubt ........ gone
        POST sent     answered, or the file      DELETE sent    answered
                      is loaded

What was seen contradicts the model when it was impossible even with the generous of the two.
"""

import calendar
import threading
import time
from dataclasses import dataclass, field

EVER = float("inf")
SLACK = 0.25  # seconds between the control thread and a worker, on a busy machine
EARLY = 0.05  # by what a timer may be before its time, counted in turns of a loop
LATE = 1.5  # until a tunnel that lost its permission has ended: a second, and the machine


@dataclass
class Rule:
    """An entry of a list, or a grant."""

    allow: bool
    pattern: str  # "name", "*.name" or "**.name", with a port behind it or not
    born: float
    sure: float = EVER
    doubt: float = EVER
    gone: float = EVER
    # Of a grant:
    id: str = None
    scope: str = None
    session: str = None
    identity: str = None
    question: str = None
    made: str = None  # as the API dates it: the order in which they came about
    used: bool = False  # "once", for those who waited at that moment
    until: float = EVER  # "once", for the next one before then, with whom it stays

    def covers(self, ask):
        name, _, port = self.pattern.partition(":")
        if port not in ("", "*", str(ask.port)):
            return False
        if self.scope == "session" and (self.session or "") != (ask.session or ""):
            return False
        if self.identity not in (None, "local"):
            return False
        if name.startswith("*"):
            base = name.lstrip("*")
            return ask.host.endswith(base) or (name.startswith("**") and "." + ask.host == base)
        return name == ask.host

    def possible(self, begin, end):
        """It may have held at some moment between."""
        return self.born <= end and self.gone + SLACK >= begin

    def certain(self, begin, end):
        """It held all the time between, for everybody."""
        return self.sure + SLACK <= begin and self.doubt - SLACK >= end

    def admits(self, ask):
        """It may have let this one in."""
        if not self.allow or not self.covers(ask) or not self.possible(ask.sent, ask.replied):
            return False
        return ask.sent <= (self.sure if self.used else self.until) + SLACK

    def ended_for(self, ask):
        """It may have let this one in and ended before the answer."""
        return self.admits(ask) and self.doubt - SLACK <= ask.replied

    def like(self):
        return (self.pattern, self.identity, self.session, self.scope == "session")

    def replace(self, other):
        """Of two that are alike the later one counts, whosever answer came first; of one moment,
        either. One for the next ask may have let it in already: then it stays."""
        gone, stays = (other, self) if other.made <= self.made else (self, other)
        if gone.used:
            return
        sure = stays.made != gone.made and gone.scope != "once"
        gone.end(stays.born, stays.sure if sure else EVER)
        if stays.made == gone.made:
            stays.end(gone.born, EVER)

    def end(self, begin, answered):
        self.doubt, self.gone = min(self.doubt, begin), min(self.gone, answered)


@dataclass
class Ask:
    """One request of one client, and how it ended."""

    host: str
    port: int
    session: str
    sent: float
    replied: float = None
    outcome: str = None  # "allowed", a reason, "left", "cut", "unreachable"
    question: str = None
    closed: float = None  # of a tunnel
    closed_by_proxy: bool = False
    kept: bool = False  # on a connection that had answered another

    def __str__(self):
        times = f"{self.sent:.3f}..{self.replied or 0:.3f}"
        if self.closed:
            times += f"..{self.closed:.3f}{' by the proxy' if self.closed_by_proxy else ''}"
        return f"{self.host}:{self.port} session {self.session} {times} {self.outcome} {self.question}"


@dataclass
class Model:
    hold_least: float  # the shortest hold_timeout of the run
    pending_least: float
    lists: list = field(default_factory=list)
    grants: dict = field(default_factory=dict)  # id -> Rule
    asks: list = field(default_factory=list)
    kills: list = field(default_factory=list)  # (begin, up again)
    decided: dict = field(default_factory=dict)  # question -> what the API answered with 200
    lost: list = field(default_factory=list)  # (begin, question or pattern) without an answer
    seen: set = field(default_factory=set)  # ids of questions
    listings: list = field(default_factory=list)  # (begin, end, ids of grants)
    arrived: list = field(default_factory=list)  # (host, time) at an origin
    faults: list = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fault(self, sentence):
        with self.lock:
            self.faults.append(sentence)

    def check(self, good, sentence):
        if not good:
            self.fault(sentence)

    # ---- what deciders and the operator did ------------------------------------------------

    def granted(self, grant, begin, answered):
        """A grant as the API shows it came about between; it takes the place of one like it."""
        with self.lock:
            if grant["id"] in self.grants:
                return
            older = [r for r in self.grants.values() if r.like() == like(grant) and not r.used]
            rule = Rule(
                grant["decision"] == "allow", grant["pattern"], begin, answered,
                id=grant["id"], scope=grant["scope"], session=grant["session"],
                identity=grant["identity"], question=grant["question"], made=grant["created_at"],
            )  # fmt: skip
            rule.used = rule.scope == "once" and grant["expires_at"] is None
            if grant["expires_at"]:
                end = moment(grant["expires_at"])
                rule.doubt = rule.until = end
                rule.gone = EVER if rule.scope == "once" else end
            self.grants[rule.id] = rule
            for other in older:
                rule.replace(other)

    def answered(self, verb, question, answer, begin, now):
        """A decision that was answered 200."""
        with self.lock:
            self.check(question not in self.decided, f"{question} was decided twice")
            self.decided[question] = answer
            state = "approved" if verb == "approve" else "denied"
            self.check(answer["approval"]["state"] == state, f"{verb}: {answer}")
            self.granted(answer["grant"], begin, now)

    def revoked(self, grant, begin, answered):
        with self.lock:
            if grant in self.grants:
                self.grants[grant].end(begin, answered)

    def listed(self, allow, deny, begin, answered):
        """A configuration counts from now on instead of the one before."""
        with self.lock:
            for rule in self.lists:
                rule.end(begin, answered)
            for patterns, allowing in ((allow, True), (deny, False)):
                self.lists += [Rule(allowing, p, begin, answered) for p in patterns]

    def killed(self, begin, end):
        """Connections, and with them what counted for them only, ended; so did whoever waited."""
        with self.lock:
            self.kills.append((begin, end))
            for grant in self.grants.values():
                if grant.used or (grant.scope == "once" and grant.until < end):
                    grant.end(begin, end)

    def was_killed(self, begin, end):
        return any(b <= end + SLACK and e + SLACK >= begin for b, e in self.kills)

    def see_grants(self, shown, begin, end):
        """What GET /v1/grants showed between; judged once every answer has come."""
        self.listings.append((begin, end, {grant["id"] for grant in shown}))

    def check_listings(self):
        for begin, end, ids in self.listings:
            for rule in self.grants.values():
                kept = rule.id in ids or not rule.certain(begin, end)
                self.check(kept or rule.scope == "once", f"lost at {begin}: {rule}")
                back = rule.id in ids and not rule.possible(begin, end)
                self.check(not back, f"came back at {begin}: {rule}")
            for unknown in ids - self.grants.keys():
                self.fault(f"nobody made {unknown}, seen at {begin}")

    def adopt(self, shown, questions, end):
        """After a restart: decisions whose answers were lost count when they were kept, and only
        then; the same of grants that were taken back."""
        ids = {grant["id"] for grant in shown}
        with self.lock:
            for begin, what in self.lost:
                for grant in shown:
                    if what in (grant["question"], grant["pattern"].split(":")[0]):
                        self.granted(grant, begin, end)
                decision = (questions.get(what) or {}).get("decision")
                if decision and decision["grant"] not in self.grants:
                    self.granted(unlisted(questions[what]), begin, end)
                    self.grants[decision["grant"]].end(begin, end)
                if what in self.grants and what not in ids:
                    self.grants[what].end(begin, end)
            self.lost.clear()

    # ---- what clients saw ------------------------------------------------------------------

    def rules(self, ask, allow, lists):
        found = self.lists if lists else self.grants.values()
        return [rule for rule in found if rule.allow == allow and rule.covers(ask)]

    def refused_for_certain(self, ask, begin, end):
        if any(rule.certain(begin, end) for rule in self.rules(ask, False, True)):
            return True
        listed = any(rule.possible(begin, end) for rule in self.rules(ask, True, True))
        denials = self.rules(ask, False, False)
        return not listed and any(rule.certain(begin, end) for rule in denials)

    def allowed_for_certain(self, ask, begin, end):
        if any(rule.possible(begin, end) for rule in self.rules(ask, False, True)):
            return False
        if any(rule.certain(begin, end) for rule in self.rules(ask, True, True)):
            return True
        if any(rule.possible(begin, end) for rule in self.rules(ask, False, False)):
            return False
        lasting = [r for r in self.rules(ask, True, False) if r.scope != "once"]
        return any(rule.certain(begin, end) for rule in lasting)

    def check_ask(self, ask, questions):
        begin, end = ask.sent, ask.replied
        question = questions.get(ask.question)
        denied = self.rules(ask, False, lists=ask.outcome == "denied")
        allowed = self.allowed_for_certain(ask, begin, end)
        if ask.outcome == "left":
            return
        if ask.outcome in ("cut", "unreachable"):
            # A kept connection may end before it sees the request (RFC 9112 §9.3.1).
            self.check(ask.kept or self.was_killed(begin, end), f"without an answer: {ask}")
        elif ask.outcome == "allowed":
            self.check_allowed(ask)
        elif ask.outcome in ("denied", "approval_denied"):
            self.check(any(r.possible(begin, end) for r in denied), f"nobody said no: {ask}")
            self.check(not allowed, f"it was allowed: {ask}")
        elif ask.outcome == "approval_revoked":
            over = any(r.ended_for(ask) for r in self.rules(ask, True, False))
            self.check(over or any(r.possible(begin, end) for r in denied), f"not revoked: {ask}")
        elif ask.outcome in ("permission_lost", "not_allowed"):
            over = any(r.ended_for(ask) for r in self.rules(ask, True, True))
            denied = self.rules(ask, False, lists=True)
            self.check(over or any(r.possible(begin, end) for r in denied), f"not lost: {ask}")
        elif ask.outcome in ("approval_pending", "approval_expired"):
            self.check(question is not None, f"no such question: {ask}")
            self.check(not allowed, f"it was allowed: {ask}")
            if question:
                self.check_unanswered(ask, question)
        else:
            self.fault(f"no honest answer: {ask}")

    def check_unanswered(self, ask, question):
        decided = question["decided_at"] and moment(question["decided_at"])
        if ask.outcome == "approval_expired":
            self.check(question["state"] == "expired", f"{question['state']}, not expired: {ask}")
            self.check(decided <= ask.replied + SLACK, f"before it had expired: {ask}")
            return
        waited = ask.replied - ask.sent
        self.check(waited >= self.hold_least - EARLY, f"after {waited} s only: {ask}")
        # It counts once it is on disk, which takes its time, not from the moment that it bears.
        grant = self.grants.get(question["decision"] and question["decision"]["grant"])
        told = grant.sure if grant else decided and decided + LATE
        open_then = decided is None or told >= ask.replied - SLACK
        self.check(open_then, f"decided at {decided}: {ask}")

    def check_allowed(self, ask):
        admitted = [r for r in [*self.lists, *self.grants.values()] if r.admits(ask)]
        self.check(admitted, f"RELEASED, and nothing allowed it: {ask}")
        refused = self.refused_for_certain(ask, ask.sent, ask.replied)
        self.check(not refused, f"RELEASED against a denial: {ask}")
        if ask.closed is None:
            return
        since = max(ask.sent, ask.closed - LATE)
        holding = [r for r in [*self.lists, *self.grants.values()] if r.allow and r.covers(ask)]
        stood = any(r.possible(since, ask.closed) for r in holding)
        refused = since > ask.sent and self.refused_for_certain(ask, since, ask.closed)
        self.check(stood and not refused, f"a tunnel outlived its permission: {ask}")
        if ask.closed_by_proxy and not self.was_killed(ask.sent, ask.closed):
            kept = self.allowed_for_certain(ask, ask.sent, ask.closed)
            self.check(not kept, f"a tunnel ended without cause: {ask}")

    def check_once(self):
        """A grant for the next one lets one in."""
        for grant in self.grants.values():
            if grant.scope != "once" or not grant.allow or grant.used:
                continue
            by = [ask for ask in self.asks if ask.outcome == "allowed" and grant.admits(ask)]
            others = [r for r in [*self.lists, *self.grants.values()] if r is not grant]
            only = [ask for ask in by if not any(r.admits(ask) for r in others)]
            self.check(len(only) <= 1, f"once was {len(only)} times: {grant} {list(map(str, only))}")

    def check_arrivals(self, asked):
        """What origins and the name server saw, against everybody's permissions together."""
        for host, at in [*self.arrived, *asked]:
            rules = [*self.lists, *self.grants.values()]
            near = [r for r in rules if r.allow and r.possible(at - LATE, at)]
            anybody = [Ask(host, port_of(r), r.session, at) for r in near]
            allowed = any(r.covers(ask) for r, ask in zip(near, anybody))
            self.check(allowed, f"UPSTREAM saw {host} at {at:.3f}, which nothing allowed")

    # ---- what the API says in the end ------------------------------------------------------

    def check_question(self, question):
        state, decision = question["state"], question["decision"]
        mine = self.decided.get(question["id"])
        if mine:
            same = mine["approval"]["state"] == state and mine["approval"]["decision"] == decision
            self.check(same, f"a decision was lost: {mine}, now {question}")
        if state in ("approved", "denied"):
            known = decision and decision["grant"] in self.grants
            self.check(known, f"nobody decided: {question}")
            self.check(known and self.grants[decision["grant"]].allow == (state == "approved"),
                       f"decided the other way: {question}")
        if state == "expired":
            lasted = moment(question["decided_at"]) - moment(question["asked_at"])
            self.check(lasted >= self.pending_least - EARLY, f"expired early: {question}")
        if state == "pending":
            self.check(question["waiters"] == 0, f"somebody waits still: {question}")

    def check_records(self, question, records):
        """Its events tell the same, each once; what happened right before a kill may be missing."""
        told = [r for r in records if r.get("network_proxy.approval.id") == question["id"]]
        states = [r["network_proxy.approval.state"] for r in told if not of_grant(r)]
        asked = moment(question["asked_at"])
        ended = question["decided_at"] and moment(question["decided_at"])
        if not self.was_killed(asked, asked + 1):
            self.check(states.count("asked") == 1, f"asked: {states} {question}")
        ends = [state for state in states if state != "asked"]
        if question["state"] == "pending":
            # It may have ended since.
            self.check(len(ends) <= 1 and set(ends) <= {"expired", "withdrawn"},
                       f"records say {ends}: {question}")
            return
        wanted = [question["state"]]
        if ended is None or not self.was_killed(ended, ended + 1):
            self.check(ends == wanted, f"records say {ends}: {question}")
        self.check(set(ends) <= set(wanted), f"records say {ends}: {question}")


def like(grant):
    """A newer grant takes the place of one for which this is the same."""
    return (grant["pattern"], grant["identity"], grant["session"], grant["scope"] == "session")


def of_grant(record):
    """The end of a grant is told with the question that it came from."""
    state = record["network_proxy.approval.state"]
    return state == "revoked" or (state == "expired" and record.get("network_proxy.grant.id"))


def port_of(rule):
    """One that it covers."""
    port = rule.pattern.partition(":")[2]
    return int(port) if port.isdigit() else 443


def unlisted(question):
    """The grant of a decision that no list shows any more."""
    decision = question["decision"]
    return {
        "id": decision["grant"], "decision": decision["decision"], "scope": decision["scope"],
        "pattern": decision["pattern"], "identity": "local", "session": question["session"],
        "question": question["id"], "expires_at": None, "created_at": decision["at"],
    }  # fmt: skip


def moment(text):
    """Seconds since 1970 of what the API writes."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))
