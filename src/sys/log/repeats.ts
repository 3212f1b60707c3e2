// Which lines of the log are written, and when, so that what repeats does not bury the rest. The first of a code and text is
// written at once. The same again is held back and counted; it is written, with the count, before another line of its area, and
// else after a while. The last state is never lost: where the log's last word on an area is not what happened last, it follows
// as soon as the area is quiet. Pure.

import type { LineCode, LogFields, LogLevel } from "./log.ts";
import { type LogCode, logAreas } from "./log-codes.ts";

/** A line for operators. */
export interface LogLine {
  readonly level: Exclude<LogLevel, "debug">;
  readonly code: LineCode;
  readonly message: string;
  readonly fields: LogFields;
}

/** A line as it is written. */
export interface WrittenLine extends LogLine {
  /** How often it was held back before; undefined for one that is written at once. */
  readonly repeated: number | undefined;
}

interface KnownLine {
  readonly key: string;
  /** With the fields of the last one. */
  readonly line: LogLine;
  /** How many are held back. */
  readonly held: number;
  /** When it came last, and until when it is held back; monotonic milliseconds. */
  readonly seenMs: number;
  readonly holdsUntilMs: number;
}

interface Area {
  /** In the order in which they came last. What is held back came after all that is not, for a line that is written takes it along. */
  readonly lines: readonly KnownLine[];
  /** The line the log shows last. */
  readonly lastWritten: string | undefined;
}

/** What is known of the lines of the last minutes, by area. */
export type Repeats = ReadonlyMap<string, Area>;

interface Step {
  readonly repeats: Repeats;
  /** In their order. */
  readonly written: readonly WrittenLine[];
}

export const noRepeats: Repeats = new Map();

/** How long a line is held back at most after it was written. */
export const holdMs = 600_000;
/** How long an area has to be quiet before the log says what happened last. */
export const quietMs = 10_000;
/** Lines of an area that are known at once; a stranger's values in texts must not fill the memory. */
const mostLines = 1000;

const areaOfCode = new Map<LineCode, string>(
  Object.entries(logAreas).flatMap(([area, codes]) => Object.keys(codes).map((code) => [code as LogCode, area])),
);

/** What one more line makes the log write now. */
export function takeLine(before: Repeats, line: LogLine, nowMs: number): Step {
  const due = releaseDue(before, nowMs);
  const name = areaOfCode.get(line.code) ?? "errors";
  const area = due.repeats.get(name) ?? { lines: [], lastWritten: undefined };
  const key = `${line.level} ${line.code} ${line.message}`;
  const fresh = area.lines.filter(({ held, holdsUntilMs }) => held > 0 || nowMs < holdsUntilMs);
  const known = fresh.find((one) => one.key === key);
  if (known !== undefined) {
    const others = fresh.filter((one) => one !== known);
    const repeated = { ...known, line, held: known.held + 1, seenMs: nowMs };
    return { ...due, repeats: withArea(due.repeats, name, { ...area, lines: [...others, repeated] }) };
  }
  const released = release({ ...area, lines: fresh }, nowMs);
  const lines = [...released.area.lines, { key, line, held: 0, seenMs: nowMs, holdsUntilMs: nowMs + holdMs }];
  return {
    repeats: withArea(due.repeats, name, { lines: lines.slice(-mostLines), lastWritten: key }),
    written: [...due.written, ...released.written, { ...line, repeated: undefined }],
  };
}

/** When the log has to be given what is held back; monotonic milliseconds. Undefined when nothing is. */
export function nextDueMs(repeats: Repeats): number | undefined {
  const times = [...repeats.values()].map(dueMs).filter((ms) => ms !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** What is held back and due. */
export function releaseDue(repeats: Repeats, nowMs: number): Step {
  return releaseWhere(repeats, nowMs, (area) => {
    const due = dueMs(area);
    return due !== undefined && due <= nowMs;
  });
}

/** At the end: each area whose last state the log does not show. */
export function releaseLast(repeats: Repeats, nowMs: number): Step {
  return releaseWhere(repeats, nowMs, (area) => !isShown(area));
}

function releaseWhere(repeats: Repeats, nowMs: number, isMeant: (area: Area) => boolean): Step {
  const written: WrittenLine[] = [];
  const after = new Map(repeats);
  for (const [name, area] of repeats) {
    if (!isMeant(area)) continue;
    const released = release(area, nowMs);
    written.push(...released.written);
    after.set(name, released.area);
  }
  return written.length === 0 ? { repeats, written } : { repeats: after, written };
}

/** All that an area holds back, in the order in which it came last. */
function release(area: Area, nowMs: number): { readonly area: Area; readonly written: readonly WrittenLine[] } {
  const held = area.lines.filter((one) => one.held > 0);
  const last = held.at(-1);
  if (last === undefined) return { area, written: [] };
  return {
    area: {
      lines: area.lines.map((one) => (one.held === 0 ? one : { ...one, held: 0, holdsUntilMs: nowMs + holdMs })),
      lastWritten: last.key,
    },
    written: held.map((one) => ({ ...one.line, repeated: one.held })),
  };
}

function dueMs(area: Area): number | undefined {
  const held = area.lines.filter((one) => one.held > 0);
  if (held.length === 0) return undefined;
  const ends = held.map(({ holdsUntilMs }) => holdsUntilMs);
  const last = held.at(-1);
  return Math.min(...ends, last === undefined || isShown(area) ? Number.POSITIVE_INFINITY : last.seenMs + quietMs);
}

/** Whether what happened last in an area is the log's last word on it. */
function isShown({ lines, lastWritten }: Area): boolean {
  const last = lines.at(-1);
  return last === undefined || last.key === lastWritten;
}

function withArea(repeats: Repeats, name: string, area: Area): Repeats {
  return new Map(repeats).set(name, area);
}
