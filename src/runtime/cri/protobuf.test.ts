import { expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "protobufjs";
import { bool, bytes, int, list, message, nested, string, strings } from "./protobuf.ts";

const Inner = message({ name: string(1), on: bool(2) });
const Outer = message({
  text: string(1),
  raw: bytes(2),
  count: int(3),
  one: nested(4, Inner),
  many: list(5, Inner),
  words: strings(6),
});

// The same messages for protobufjs, which knows the format by reflection.
const oracle = parse(`syntax = "proto3";
  message Inner { string name = 1; bool on = 2; }
  message Outer { string text = 1; bytes raw = 2; int32 count = 3; Inner one = 4; repeated Inner many = 5;
    repeated string words = 6; }
  message Newer { uint64 a = 20; string text = 1; fixed64 b = 21; fixed32 c = 22; bytes d = 23; }`).root;

const text = fc.string({ unit: "grapheme" });
const inner = fc.record({ name: text, on: fc.boolean() });
const outer = fc.record({
  text,
  raw: fc.uint8Array(),
  count: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  one: fc.option(inner, { nil: undefined }),
  many: fc.array(inner),
  words: fc.array(text),
});

test("message() writes what protobufjs reads, and reads what it writes", () => {
  const Oracle = oracle.lookupType("Outer");
  fc.assert(
    fc.property(outer, (value) => {
      const { one, ...others } = value;
      const plain = one === undefined ? others : { ...others, one };
      const ours = Outer.encode(plain);
      expect(Oracle.toObject(Oracle.decode(ours), { bytes: Array, arrays: true, objects: true })).toEqual({
        ...plain,
        raw: [...value.raw],
      });
      const decoded = Outer.decode(Oracle.encode(Oracle.fromObject(plain)).finish());
      expect({ ...decoded, raw: [...decoded.raw] }).toEqual({ ...value, raw: [...value.raw] });
    }),
  );
});

test("message() gives absent fields their defaults and passes over unknown ones", () => {
  const empty = { text: "", raw: new Uint8Array(), count: 0, one: undefined, many: [], words: [] };
  expect(Outer.decode(new Uint8Array())).toEqual(empty);
  const Newer = oracle.lookupType("Newer");
  const newer = Newer.encode({ a: 7, text: "x", b: 8, c: 9, d: new Uint8Array([1]) }).finish();
  expect(Outer.decode(newer)).toEqual({ ...empty, text: "x" });
});

test("message() refuses cut-off bytes and never hangs on random ones", () => {
  expect(() => Outer.decode(new Uint8Array([0x0a, 0x05, 0x61]))).toThrow();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
      try {
        Outer.decode(random);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});
