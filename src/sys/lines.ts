// Cuts a stream of bytes into lines as they arrive. Pure.

/** A line grew over the limit before it ended. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

/**
 * The lines of a UTF-8 stream without their line breaks, each as soon as it is whole. What follows the last line break is a line,
 * too, unless it is empty.
 * @param maxLineBytes about how long a line may get before the stream is given up
 * @throws LineTooLong, and what `chunks` throws
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  /** Pieces of the line that has begun: joined once, or a long line would be copied for each chunk of it. */
  let pending: string[] = [];
  let pendingLength = 0;
  for await (const chunk of chunks) {
    const [head = "", ...rest] = decoder.decode(chunk, { stream: true }).split("\n");
    pending.push(head);
    pendingLength += head.length;
    const last = rest.pop();
    if (last !== undefined) {
      yield withoutReturn(pending.join(""));
      for (const line of rest) yield withoutReturn(line);
      pending = [last];
      pendingLength = last.length;
    }
    if (pendingLength > maxLineBytes) throw new LineTooLong(`A line is longer than ${maxLineBytes} bytes`);
  }
  const left = pending.join("") + decoder.decode();
  if (left !== "") yield withoutReturn(left);
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
