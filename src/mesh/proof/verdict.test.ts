import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ConnectOutcome } from "../../sys/net/connect.ts";
import { runs } from "../../sys/testing.ts";
import type { Answers } from "./answers.ts";
import { type Cause, combineVerdicts, isShutOut, joinFamilies, type PeerVerdict, verdictOf } from "./verdict.ts";

const outcomes: Record<string, ConnectOutcome | undefined> = {
  yes: { kind: "answered", isRefused: true, rttMs: 0.8 },
  no: { kind: "silent" },
  noway: { kind: "no-route" },
  noaddr: { kind: "no-local-address" },
  failed: { kind: "failed", why: "error 5" },
  "-": undefined,
};

/** `gateway→gateway node→node gateway→node` */
function answers(text: string): Answers {
  const [pods, nodes, mixed] = text.split(" ").map((word) => outcomes[word]);
  return { pods, nodes, mixed };
}

const verdictFor = (text: string): PeerVerdict => verdictOf(answers(text));

const rows: [string, string, string, Cause | undefined][] = [
  ["the gateway answers", "yes - -", "live", undefined],
  ["our gateway is not there yet", "noaddr - -", "unknown", "no-gateway"],
  ["no route leads to the peer's pods", "noway yes no", "silent", "no-route-here"],
  ["no route leads anywhere", "noway noway noway", "silent", "no-route-here"],
  ["the peer answers the node alone", "no yes no", "silent", "own-route"],
  ["the peer answers the node alone, and sends our range nowhere", "no yes noway", "silent", "own-route"],
  ["the peer answers both on its own address", "no yes yes", "silent", "peer-range"],
  ["the policy lets nodes not talk to nodes", "no no yes", "silent", "peer-range"],
  ["the peer answers nothing", "no no no", "silent", "peer-out-of-reach"],
  ["no route leads to the peer itself", "no noway noway", "silent", "peer-out-of-reach"],
  ["the tailnet has no addresses of this family", "no - -", "silent", "unclear"],
  ["nothing can be asked", "failed failed failed", "unknown", "unclear"],
  ["only the causes cannot be asked", "no failed failed", "silent", "unclear"],
  ["a peer that serves nothing answers both", "- yes yes", "unknown", "not-serving"],
  ["a peer that serves nothing answers the node alone", "- yes no", "silent", "own-route"],
  [
    "a peer that serves nothing answers the node alone, and sends our range nowhere",
    "- yes noway",
    "silent",
    "own-route",
  ],
  ["a peer that serves nothing answers nothing", "- no no", "unknown", "not-serving"],
  ["a peer that serves nothing, before our gateway is there", "- yes noaddr", "unknown", "no-gateway"],
  ["a peer that serves nothing, and the causes cannot be asked", "- yes failed", "unknown", "not-serving"],
];

describe("verdictOf()", () => {
  test.each(rows)("when %s", (_name, text, route, cause) => {
    expect(verdictFor(text)).toMatchObject({ route, cause });
  });

  test("gives the time of the gateway's answer alone", () => {
    expect(verdictFor("yes - -").rttMs).toBe(0.8);
    expect(verdictFor("no yes yes").rttMs).toBeUndefined();
  });
});

describe("joinFamilies()", () => {
  test.each([
    [["yes - -"], "live", undefined],
    [["yes - -", "yes - -"], "live", undefined],
    [["yes - -", "no yes no"], "silent", "own-route"],
    [["no yes no", "yes - -"], "silent", "own-route"],
    [["yes - -", "noaddr - -"], "unknown", "no-gateway"],
    [["noaddr - -", "no yes yes"], "silent", "peer-range"],
  ] as const)("%j is %s", (families, route, cause) => {
    expect(joinFamilies(families.map(verdictFor))).toMatchObject({ route, cause });
  });

  test("is nothing without a family", () => {
    expect(joinFamilies([])).toBeUndefined();
  });
});

/** What each peer answers, and what that says of our own route. */
const own: [string, string[], string, (Cause | undefined)[]][] = [
  ["nobody to ask", [], "unknown", []],
  ["one peer that answers", ["yes - -"], "live", [undefined]],
  [
    "one of several",
    ["no no no", "yes - -", "no no no"],
    "live",
    ["peer-out-of-reach", undefined, "peer-out-of-reach"],
  ],
  ["one that takes our route, and whose pods do not answer", ["no yes yes"], "live", ["peer-range"]],
  [
    "one that does not take it, beside one that does",
    ["no yes no", "yes - -"],
    "live",
    ["not-accepted-there", undefined],
  ],
  ["one that does not take it", ["no yes no"], "silent", ["own-route"]],
  [
    "one that does not take it beside one that is down",
    ["no yes no", "no no no"],
    "silent",
    ["own-route", "peer-out-of-reach"],
  ],
  ["two that do not take it", ["no yes no", "no yes no"], "unapproved", ["own-route", "own-route"]],
  [
    "two that do not take it beside one that is down",
    ["no yes no", "no no no", "no yes no"],
    "unapproved",
    ["own-route", "peer-out-of-reach", "own-route"],
  ],
  ["peers that are down", ["no no no", "no no no"], "unknown", ["peer-out-of-reach", "peer-out-of-reach"]],
  ["no route to any", ["noway yes no", "noway yes no"], "unknown", ["no-route-here", "no-route-here"]],
  ["one that serves nothing and takes our route", ["- yes yes"], "live", ["not-serving"]],
  ["two that serve nothing and do not take it", ["- yes no", "- yes no"], "unapproved", ["own-route", "own-route"]],
  ["no gateway yet", ["noaddr - -", "noaddr - -"], "unknown", ["no-gateway", "no-gateway"]],
];

describe("isShutOut()", () => {
  test.each<[readonly string[], boolean]>([
    [[], false],
    [["no no no"], true],
    [["no no no", "no noway noway"], true],
    [["no no no", "yes - -"], false],
    [["no no no", "no yes no"], false],
    [["no no no", "noway yes no"], false],
    [["no - -"], false],
    [["failed failed failed"], false],
  ])("of %j is %p", (peers, isOut) => {
    expect(isShutOut(combineVerdicts(new Map(peers.map((text, at) => [String(at), verdictFor(text)]))))).toBe(isOut);
  });
});

describe("combineVerdicts()", () => {
  test.each(own)("with %s", (_name, peers, route, causes) => {
    const verdicts = new Map(peers.map((text, at) => [String(at), verdictFor(text)]));
    const all = combineVerdicts(verdicts);
    expect(all.own.route).toBe(route as typeof all.own.route);
    expect([...all.peers.values()].map(({ cause }) => cause)).toEqual(causes);
  });

  test("never calls a route unapproved for one peer, nor live without an answer", () => {
    const words = fc.constantFrom(...Object.keys(outcomes).filter((word) => word !== "-"));
    const peer = fc.tuple(words, words, words).map((three) => three.join(" "));
    fc.assert(
      fc.property(fc.array(peer, { maxLength: 6 }), (peers) => {
        const { own: all } = combineVerdicts(new Map(peers.map((text, at) => [String(at), verdictFor(text)])));
        const answered = peers.filter((text) => text.startsWith("yes") || text.endsWith("yes")).length;
        expect(all.route === "live").toBe(all.answered > 0);
        if (all.route === "live") expect(answered).toBeGreaterThan(0);
        if (all.route === "unapproved") expect(peers.length).toBeGreaterThan(1);
      }),
      { numRuns: runs(500) },
    );
  });
});
