// Text of foreign origin (files, programs, servers), made safe to show: what would move the cursor, colour the terminal or turn
// the writing direction is shown instead of sent, and so is what stands for a byte that is no text.

/**
 * `text` with control and formatting characters and line breaks as visible escapes (`\u{1b}`), and bytes of a file's name that are not
 * UTF-8 as `\xff`.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return /^dc[89a-f]/.test(code) ? `\\x${code.slice(2)}` : `\\u{${code}}`;
  });
}
