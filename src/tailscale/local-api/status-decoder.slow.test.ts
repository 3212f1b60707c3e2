// One status after the other, against JSON.parse of each: whatever a text is, and whatever came before it.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { JsonObject, JsonValue } from "../../sys/json.ts";
import { runs } from "../../sys/testing.ts";
import { fakePeer, readyStatus } from "../testing.ts";
import { endOfValue, skipSpace, walkMembers } from "./json-members.ts";
import { decodeStatus } from "./local-api-schema.ts";
import { createStatusDecoder } from "./status-decoder.ts";

/** What a text says, or that it says nothing. */
function outcomeOf(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    return error instanceof SyntaxError ? "no JSON" : String(error);
  }
}

/** Of each text the same as of one that is parsed whole. */
function expectAsParsed(texts: readonly string[]): void {
  const decodeNext = createStatusDecoder();
  for (const text of texts) {
    expect(outcomeOf(() => decodeNext(text))).toEqual(outcomeOf(() => decodeStatus(JSON.parse(text))) as never);
  }
}

const peer: fc.Arbitrary<JsonValue> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({ id: fc.nat(4), bytes: fc.nat(2), name: fc.string({ unit: "binary" }) })
      .map(({ id, bytes, name }) => fakePeer(id, { HostName: name, RxBytes: bytes, Nested: { "}": ["]", '"\\'] } })),
  },
  { weight: 1, arbitrary: fc.jsonValue().map((value) => value as JsonValue) },
);
const key = fc.oneof(
  { weight: 9, arbitrary: fc.nat(5).map((number) => `nodekey:${number}`) },
  { weight: 1, arbitrary: fc.constantFrom("7", "__proto__", "", 'node"key', "nöde", "constructor", "a\\b") },
);
const status = fc.array(fc.tuple(key, peer), { maxLength: 5 }).map((peers): JsonObject => {
  return { ...readyStatus(), Peer: Object.fromEntries(peers) };
});
const written = fc
  .tuple(status, fc.constantFrom(undefined, "\t", "  "))
  .map(([value, indent]) => JSON.stringify(value, null, indent));
/** Some damage, which need not make it worse than a status. */
const damaged = fc
  .tuple(written, fc.nat(), fc.constantFrom('"', "{", "}", "[", "]", ",", ":", "\\", " ", "1", "\u0001", ""), fc.nat(3))
  .map(([text, at, piece, cut]) => {
    const place = at % (text.length + 1);
    return `${text.slice(0, place)}${piece}${text.slice(place + cut)}`;
  });

describe("createStatusDecoder()", () => {
  test("says of each status what it says without those before", () => {
    fc.assert(fc.property(fc.array(written, { minLength: 1, maxLength: 5 }), expectAsParsed), { numRuns: runs(500) });
  });

  test("refuses exactly what is no JSON", () => {
    fc.assert(
      fc.property(written, fc.array(damaged, { minLength: 1, maxLength: 4 }), (first, texts) =>
        expectAsParsed([first, ...texts]),
      ),
      { numRuns: runs(1000) },
    );
  });

  const a = '{"ID":"1","Online":true}';
  test.each([
    ["nothing", [""]],
    ["what is no object", ["null", "[]", '"x"', "7"]],
    ["an object of nothing", ["{}", " {\n} ", '{"Peer":null}', '{"Peer":[]}', '{"Peer":{}}']],
    ["a peer twice", [`{"Peer":{"k":${a},"k":{"ID":"2"}}}`, `{"Peer":{"k":${a},"k":null}}`]],
    ["peers twice", [`{"Peer":{"k":${a}},"Peer":{"l":${a}}}`, `{"Peer":{"k":${a}},"\\u0050eer":null}`]],
    ["keys in another spelling", [`{"Peer":{"k":${a}}}`, `{"Peer":{"\\u006b":${a}}}`, `{"Peer":{"k":${a}}}`]],
    ["keys that are numbers", [`{"Peer":{"k":${a},"1":{"ID":"2"}}}`]],
    ["what follows", [`{"Peer":{"k":${a}}} x`, `{"Peer":{"k":${a}}}}`, `{"Peer":{"k":${a}},}`]],
    ["a peer that is cut short", [`{"Peer":{"k":${a}}}`, `{"Peer":{"k":${a}`, '{"Peer":{"k":{"ID":"1"']],
    ["a longer one than before", [`{"Peer":{"k":${a}}}`, `{"Peer":{"k":${a}1}}`, `{"Peer":{"k":${a}{}}}`]],
  ])("decodes %s as JSON has it", (_name, texts) => expectAsParsed(texts));

  test("keeps a peer that says the same, and a status of the same text", () => {
    const decodeNext = createStatusDecoder();
    const of = (parts: JsonObject, indent?: string) =>
      decodeNext(JSON.stringify(readyStatus(fakePeer(2, parts), fakePeer(3)), null, indent));
    const first = of({});
    expect(of({})).toBe(first);
    const next = of({ RxBytes: 7 });
    expect(next.peers[0]).toBe(first.peers[0] as never);
    expect(next.peers[1]).toBe(first.peers[1] as never);
    const changed = of({ HostName: "other" }, "\t");
    expect(changed.peers[0]).toMatchObject({ hostName: "other" });
    expect(changed.peers[1]).toBe(first.peers[1] as never);
  });
});

test("walkMembers() and endOfValue() find what JSON has", () => {
  const spaces = fc.constantFrom("", " ", "\n", "\t", "\r");
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, spaces, (object, before, after) => {
      const members = Object.entries(object).map(([name, value]) =>
        [JSON.stringify(name), ":", JSON.stringify(value)].join(after),
      );
      const text = `${before}{${before}${members.join(`${after},${before}`)}${after}} x`;
      const found: [string, unknown][] = [];
      const end = walkMembers(text, skipSpace(text, 0), (member) => {
        const valueEnd = endOfValue(text, member.valueAt);
        found.push([JSON.parse(member.key), JSON.parse(text.slice(member.valueAt, valueEnd))]);
        return valueEnd;
      });
      expect(end).toBe(text.length - 2);
      expect(found).toEqual(Object.entries(JSON.parse(text.slice(0, -2))) as never);
    }),
  );
});
