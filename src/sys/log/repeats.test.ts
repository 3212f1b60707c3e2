// Repeats in the log: what is written when, from tables of moments and from any run of lines.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LineCode } from "./log.ts";
import { logAreas } from "./log-codes.ts";
import { holdMs, type LogLine, nextDueMs, noRepeats, quietMs, releaseDue, releaseLast, takeLine } from "./repeats.ts";

function line(text: string, code: LineCode = "ConditionRaised"): LogLine {
  return { level: "info", code, message: text, fields: {} };
}

/** What is written when lines come at seconds, as `SECOND TEXT×REPEATED`; `end` is when the process ends. */
function play(moments: readonly (readonly [second: number, text: string, code?: LineCode])[], endS: number): string[] {
  let repeats = noRepeats;
  const shown: string[] = [];
  const note = (nowMs: number, step: ReturnType<typeof releaseDue>): void => {
    repeats = step.repeats;
    for (const { message, repeated } of step.written)
      shown.push(`${nowMs / 1000} ${message}${repeated === undefined ? "" : `×${repeated}`}`);
  };
  const waitUntil = (nowMs: number): void => {
    for (let due = nextDueMs(repeats); due !== undefined && due <= nowMs; due = nextDueMs(repeats))
      note(due, releaseDue(repeats, due));
  };
  for (const [second, text, code] of moments) {
    waitUntil(second * 1000);
    note(second * 1000, takeLine(repeats, line(text, code), second * 1000));
  }
  waitUntil(endS * 1000);
  note(endS * 1000, releaseLast(repeats, endS * 1000));
  return shown;
}

describe("takeLine()", () => {
  test.each<[string, Parameters<typeof play>, string[]]>([
    ["one at once", [[[0, "a"]], 5000], ["0 a"]],
    [
      "others at once",
      [
        [
          [0, "a"],
          [0, "b"],
          [1, "c"],
        ],
        5000,
      ],
      ["0 a", "0 b", "1 c"],
    ],
    [
      "a repeat after a while, with its count",
      [
        [
          [0, "a"],
          [1, "a"],
          [2, "a"],
        ],
        5000,
      ],
      ["0 a", "600 a×2"],
    ],
    [
      "a count before another line of the area",
      [
        [
          [0, "a"],
          [1, "a"],
          [2, "b"],
        ],
        5000,
      ],
      ["0 a", "1 a×1"].map((s, i) => (i === 0 ? s : "2 a×1")).concat("2 b"),
    ],
    [
      "no count before a line of another area",
      [
        [
          [0, "a"],
          [1, "a"],
          [2, "b", "Stopping"],
        ],
        3,
      ],
      ["0 a", "2 b"],
    ],
    [
      "one again at once when it did not come for long",
      [
        [
          [0, "a"],
          [600, "a"],
        ],
        5000,
      ],
      ["0 a", "600 a"],
    ],
    [
      "a step that says the same each time once in a while",
      [
        [0, 1, 2].flatMap(
          (turn) =>
            [
              [turn * 30, "a"],
              [turn * 30, "b"],
            ] as const,
        ),
        5000,
      ],
      ["0 a", "0 b", "600 a×2", "600 b×2"],
    ],
    [
      "the last state of what went to and fro once it is quiet",
      [
        [
          [0, "up"],
          [1, "down"],
          [2, "up"],
          [3, "down"],
          [4, "up"],
        ],
        14,
      ],
      ["0 up", "1 down", "14 down×1", "14 up×2"],
    ],
    [
      "nothing soon where the log's last word holds",
      [
        [
          [0, "up"],
          [1, "down"],
          [2, "up"],
          [3, "down"],
        ],
        500,
      ],
      ["0 up", "1 down"],
    ],
    [
      "the last state at the end",
      [
        [
          [0, "up"],
          [1, "down"],
          [2, "up"],
        ],
        3,
      ],
      ["0 up", "1 down", "3 up×1"],
    ],
    [
      "texts of two codes apart",
      [
        [
          [0, "a"],
          [1, "a", "ConditionCleared"],
        ],
        2,
      ],
      ["0 a", "1 a"],
    ],
  ])("writes %s", (_name, [moments, endS], expected) => {
    expect(play(moments, endS)).toEqual(expected);
  });

  test("writes a repeat with the fields of the last one", () => {
    const first = takeLine(noRepeats, { ...line("a"), fields: { n: 1 } }, 0);
    const second = takeLine(first.repeats, { ...line("a"), fields: { n: 2 } }, 1);
    expect(releaseDue(second.repeats, holdMs).written).toEqual([{ ...line("a"), fields: { n: 2 }, repeated: 1 }]);
  });

  test("knows so many texts and no more", () => {
    let repeats = noRepeats;
    for (let n = 0; n < 1100; n++) repeats = takeLine(repeats, line(`text ${n}`), n).repeats;
    expect(repeats.get("Conditions")?.lines.length).toBe(1000);
  });
});

/** Any run of lines: which text, of which code, and how long after the one before. */
const codes: LineCode[] = ["ConditionRaised", "ConditionCleared", "Stopping", "HC_USAGE"];
const runs = fc.array(
  fc.record({
    text: fc.constantFrom("a", "b", "c"),
    code: fc.constantFrom(...codes),
    afterMs: fc.oneof(fc.nat(2000), fc.nat(2 * holdMs)),
  }),
  { maxLength: 60 },
);

/** Runs them with a timer that fires when something is due, until all is quiet. */
function run(moments: readonly { readonly text: string; readonly code: LineCode; readonly afterMs: number }[]) {
  let repeats = noRepeats;
  let nowMs = 0;
  const came: { atMs: number; key: string; code: LineCode }[] = [];
  const written: { atMs: number; key: string; code: LineCode; repeated: number | undefined }[] = [];
  const note = (step: ReturnType<typeof releaseDue>): void => {
    repeats = step.repeats;
    for (const { code, message, repeated } of step.written)
      written.push({ atMs: nowMs, key: `${code} ${message}`, code, repeated });
  };
  const waitUntil = (untilMs: number): void => {
    for (let due = nextDueMs(repeats); due !== undefined && due <= untilMs; due = nextDueMs(repeats)) {
      nowMs = Math.max(nowMs, due);
      note(releaseDue(repeats, nowMs));
    }
    nowMs = Math.max(nowMs, untilMs);
  };
  for (const { text, code, afterMs } of moments) {
    waitUntil(nowMs + afterMs);
    came.push({ atMs: nowMs, key: `${code} ${text}`, code });
    note(takeLine(repeats, line(text, code), nowMs));
  }
  const endMs = nowMs;
  waitUntil(Number.MAX_SAFE_INTEGER);
  return { came, written, endMs };
}

const areaOf = (code: LineCode): string =>
  Object.entries(logAreas).find(([, declared]) => code in declared)?.[0] ?? "errors";

describe("any run of lines", () => {
  test("is written whole: each line stands for itself and for those it counts", () => {
    fc.assert(
      fc.property(runs, (moments) => {
        const { came, written } = run(moments);
        for (const key of new Set(came.map((one) => one.key))) {
          const sum = written.filter((one) => one.key === key).reduce((all, { repeated = 1 }) => all + repeated, 0);
          expect(sum).toBe(came.filter((one) => one.key === key).length);
        }
      }),
    );
  });

  test("ends in each area with what came last, and so within the time of quiet", () => {
    fc.assert(
      fc.property(runs, (moments) => {
        const { came, written } = run(moments);
        for (const area of new Set(came.map(({ code }) => areaOf(code)))) {
          const lastCame = came.findLast(({ code }) => areaOf(code) === area);
          const inTime = written.filter(
            (one) => areaOf(one.code) === area && one.atMs <= (lastCame?.atMs ?? 0) + quietMs,
          );
          expect(inTime.at(-1)?.key).toBe(lastCame?.key);
          expect(written.findLast(({ code }) => areaOf(code) === area)?.key).toBe(lastCame?.key);
        }
      }),
    );
  });

  test("is written in the order in which each text came last", () => {
    fc.assert(
      fc.property(runs, (moments) => {
        const { came, written } = run(moments);
        for (const area of new Set(came.map(({ code }) => areaOf(code)))) {
          const order = (lines: readonly { readonly key: string; readonly code: LineCode }[]): string[] => {
            const keys = lines.filter(({ code }) => areaOf(code) === area).map(({ key }) => key);
            return keys.filter((key, at) => keys.lastIndexOf(key) === at);
          };
          expect(order(written)).toEqual(order(came));
        }
      }),
    );
  });

  test("writes a text anew, and holds none longer than said", () => {
    fc.assert(
      fc.property(runs, (moments) => {
        const { came, written, endMs } = run(moments);
        for (const { key, atMs } of came) {
          expect(written.some((one) => one.key === key && one.atMs >= atMs && one.atMs <= atMs + holdMs)).toBe(true);
        }
        for (const { key, atMs, repeated } of written) {
          if (repeated !== undefined || atMs > endMs) continue;
          const before = written.filter((one) => one.key === key && one.atMs < atMs).at(-1);
          expect(before === undefined || atMs - before.atMs >= holdMs).toBe(true);
        }
      }),
    );
  });
});
