// iptables' FORWARD chain as `iptables -S FORWARD` prints it: whether it drops what pods send and get, and what has to be done so that
// it does not. Pure.

import { bridgeName } from "../../node-state/names.ts";

/** The comment of our rules, by which they are found. */
export const ruleComment = "headcni";

const accepts = ["-i", "-o"].map((way) => `${way} ${bridgeName} -m comment --comment ${ruleComment} -j ACCEPT`);

/** A rule at the end of many distributions' own firewalls: everything that got so far is refused. */
const refusesAll = /^(-m comment --comment ("[^"]*"|\S+) )?-j (DROP|REJECT)( --reject-with \S+)?$/;

/**
 * What `iptables` has to be asked, in this order; nothing when the chain is as it should be. Our rules go to the end, behind the
 * chains of network policies, or before the rule that refuses all. Where nothing refuses, there are none.
 * @param listing what `iptables -S FORWARD` printed
 * @param isWanted whether pods' packets shall pass
 */
export function forwardCommands(listing: string, isWanted: boolean): readonly (readonly string[])[] {
  const lines = listing.split("\n").map((line) => line.trim());
  const rules = lines.flatMap((line) => (line.startsWith("-A FORWARD ") ? [line.slice("-A FORWARD ".length)] : []));
  const refusal = rules.findIndex((rule) => refusesAll.test(rule));
  const isClosed = refusal >= 0 || lines.includes("-P FORWARD DROP");
  const isKept = isWanted && isClosed;
  const ours = rules.filter((rule) => rule.includes(`--comment ${ruleComment} `));
  const before = refusal < 0 ? rules : rules.slice(0, refusal);
  const isRight = isKept
    ? ours.every((rule, at) => accepts.includes(rule) && ours.indexOf(rule) === at && before.includes(rule))
    : ours.length === 0;
  // By what they say and not by number, which another program may change meanwhile: of two alike the wrong one might go, so all do.
  const stale = isRight ? [] : ours;
  const missing = isKept ? accepts.filter((rule) => !isRight || !ours.includes(rule)) : [];
  const place = refusal + 1 - before.filter((rule) => stale.includes(rule)).length;
  return [
    ...stale.map((rule) => command("-D FORWARD", rule)),
    ...missing.map((rule) => command(refusal < 0 ? "-A FORWARD" : `-I FORWARD ${place}`, rule)),
  ];
}

function command(verb: string, rule: string): readonly string[] {
  return `${verb} ${rule}`.split(" ");
}
