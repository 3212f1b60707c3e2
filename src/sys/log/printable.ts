// Text of foreign origin (files, programs, servers), made safe to show: what would move the cursor, colour the terminal or turn
// the writing direction is shown instead of sent.

/** `text` with control and formatting characters and line breaks as visible escapes (`\u{1b}`). */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
