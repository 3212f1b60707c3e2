import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isRuntimeConfig } from "../spec/runtime-order.ts";
import { asideName, originalName } from "./aside-name.ts";

const free = () => false;

describe("asideName()", () => {
  test("counts on while names are taken", () => {
    const taken = new Set(["10-calico.conflist.headcni-aside", "10-calico.conflist.headcni-aside.2"]);
    expect(asideName("10-calico.conflist", free)).toBe("10-calico.conflist.headcni-aside");
    expect(asideName("10-calico.conflist", (name) => taken.has(name))).toBe("10-calico.conflist.headcni-aside.3");
  });

  test("gives names no runtime reads, short enough for a file system, that lead back", () => {
    const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 120 }).filter((name) => !name.includes("/"));
    fc.assert(
      fc.property(names, fc.integer({ min: 0, max: 30 }), (name, takenCount) => {
        let left = takenCount;
        const aside = asideName(name, () => left-- > 0);
        expect(isRuntimeConfig(aside)).toBe(false);
        expect(new TextEncoder().encode(aside).length).toBeLessThan(230);
        const isShort = new TextEncoder().encode(name).length <= 200;
        if (isShort) expect(originalName(aside)).toEqual({ name, count: takenCount + 1 });
      }),
    );
  });

  test("gives long names stand-ins of their own", () => {
    const first = asideName(`${"a".repeat(250)}.conf`, free);
    expect(first).toMatch(/^long-name-[0-9a-f]{16}\.headcni-aside$/);
    expect(asideName(`${"b".repeat(250)}.conf`, free)).not.toBe(first);
    expect(originalName(first)).toBeUndefined();
  });
});

describe("originalName()", () => {
  test.each(["10-calico.conflist", ".headcni-aside", "a.headcni-aside.1", "a.headcni-aside.02", "a.headcni-aside.x"])(
    "knows that %s is none of ours",
    (name) => {
      expect(originalName(name)).toBeUndefined();
    },
  );
});
