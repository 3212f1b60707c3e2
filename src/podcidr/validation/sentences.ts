// Verdicts in words. Pure.

import type { Effect, Verdict } from "./reasons.ts";

/** A node with a thousand routes into a range is told of the first. */
const maxTexts = 3;

/** What verdicts say, a sentence for each range that begins with it: `10.244.1.0/24 lies in …; it overlaps …`. */
export function sentencesOf(verdicts: readonly Verdict[]): readonly string[] {
  return bySentence(verdicts, (range) => String(range));
}

/** As `sentencesOf`, for blocks that were not taken: `10.244.1.0/24 was passed over: it lies in …`. */
export function passedOverIn(verdicts: readonly Verdict[]): readonly string[] {
  return bySentence(verdicts, (range) => `${range} was passed over: it`);
}

/** What is questionable, with what says it: `10.244.1.0/24 from config overlaps …`. */
export function doubtsOf(verdicts: readonly Verdict[], from: string): readonly string[] {
  return bySentence(ofEffect(verdicts, "questioned"), (range) => `${range} from ${from}`);
}

export function ofEffect(verdicts: readonly Verdict[], ...wanted: readonly Effect[]): readonly Verdict[] {
  return verdicts.filter(({ effect }) => wanted.includes(effect));
}

function bySentence(verdicts: readonly Verdict[], begin: (range: string) => string): readonly string[] {
  const ranges = [...new Set(verdicts.map(({ range }) => String(range)))];
  return ranges.map((range) => {
    const texts = [...new Set(verdicts.filter((each) => String(each.range) === range).map(({ text }) => text))];
    const more = texts.length > maxTexts ? `; and ${texts.length - maxTexts} more` : "";
    return `${begin(range)} ${texts.slice(0, maxTexts).join("; it ")}${more}`;
  });
}
