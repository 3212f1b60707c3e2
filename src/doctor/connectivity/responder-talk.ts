// What the connectivity test and a responder on another node say to each other over one TCP stream: JSON lines, and behind some of them
// as many bytes as they name. Checked where it comes in: anything may listen on a pod's address.

import * as z from "zod/mini";
import { type Addr, tryParseAddr } from "../../cidr/addr.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import { tryParseJsonObject } from "../../sys/json.ts";
import type { TcpStream } from "../../sys/net/tcp-stream.ts";

const greeting = z.object({
  responder: z.string(),
  /** Address the connection came from, as the responder has it. */
  sees: z.string(),
});
const question = z.union([
  z.object({ ask: z.enum(["take", "give"]), bytes: z.int().check(z.minimum(1), z.maximum(1 << 26)) }),
  z.object({ ask: z.literal("connect"), port: z.int().check(z.minimum(1), z.maximum(65_535)) }),
]);
const answer = z.object({ sha256: z.optional(z.string()), failed: z.optional(z.string()) });

export type Greeting = z.infer<typeof greeting>;
export type Question = z.infer<typeof question>;
export type TalkAnswer = z.infer<typeof answer>;

const longestLine = 4096;
const chunkBytes = 1 << 16;

/** Both ends of the talk. Each method throws HeadcniError HC_STREAM when the stream ends, or stalls for longer than the patience. */
export class Talk {
  readonly #stream: TcpStream;
  readonly #patienceMs: number;
  #left = new Uint8Array();

  constructor(stream: TcpStream, patienceMs: number) {
    this.#stream = stream;
    this.#patienceMs = patienceMs;
  }

  async say(line: Greeting | Question | TalkAnswer): Promise<void> {
    await this.#write(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  }

  greeting(): Promise<Greeting> {
    return this.#line(greeting);
  }

  answer(): Promise<TalkAnswer> {
    return this.#line(answer);
  }

  /** Undefined when the other end has nothing more to ask. */
  async question(): Promise<Question | undefined> {
    if (this.#left.length === 0 && !(await this.#fill())) return undefined;
    return await this.#line(question);
  }

  /** Bytes that nothing on the way can guess or leave out unseen. @returns their SHA-256 */
  async send(bytes: number): Promise<string> {
    const all = pattern(bytes);
    for (let at = 0; at < bytes; at += chunkBytes) await this.#write(all.subarray(at, at + chunkBytes));
    return sha256Hex(all);
  }

  /** @returns the SHA-256 of so many bytes. @throws HeadcniError HC_STREAM when they do not come */
  async receive(bytes: number): Promise<string> {
    const all = new Uint8Array(bytes);
    let at = 0;
    while (at < bytes) {
      if (this.#left.length === 0 && !(await this.#fill())) throw ended(`after ${at} of ${bytes} bytes`);
      const taken = this.#left.subarray(0, bytes - at);
      all.set(taken, at);
      at += taken.length;
      this.#left = this.#left.subarray(taken.length);
    }
    return sha256Hex(all);
  }

  async #line<T>(schema: z.ZodMiniType<T>): Promise<T> {
    for (;;) {
      const end = this.#left.indexOf(10);
      if (end >= 0) {
        const text = new TextDecoder().decode(this.#left.subarray(0, end));
        this.#left = this.#left.subarray(end + 1);
        return parse(schema, text);
      }
      if (this.#left.length > longestLine) throw ended("with what is no line of a responder");
      if (!(await this.#fill())) throw ended("without a word");
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#patiently(() => this.#stream.write(bytes));
  }

  async #fill(): Promise<boolean> {
    const bytes = await this.#patiently(() => this.#stream.read());
    if (bytes === undefined) return false;
    const joined = new Uint8Array(this.#left.length + bytes.length);
    joined.set(this.#left);
    joined.set(bytes, this.#left.length);
    this.#left = joined;
    return true;
  }

  /** A stream whose large packets vanish on the way does not end by itself for many minutes. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const deadline = AbortSignal.timeout(this.#patienceMs);
    const end = (): void => this.#stream[Symbol.dispose]();
    deadline.addEventListener("abort", end);
    try {
      return await work();
    } finally {
      deadline.removeEventListener("abort", end);
    }
  }
}

function parse<T>(schema: z.ZodMiniType<T>, text: string): T {
  const parsed = z.safeParse(schema, tryParseJsonObject(text));
  if (parsed.success) return parsed.data;
  throw ended("with what is no line of a responder");
}

function ended(how: string): HeadcniError {
  return new HeadcniError("HC_STREAM", `The stream ended ${how}`);
}

/** A linear congruential generator (Numerical Recipes): quick, and no two blocks the same. */
function pattern(bytes: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  let value = bytes;
  for (let at = 0; at < words.length; at++) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = value;
  }
  return new Uint8Array(words.buffer, 0, bytes);
}

/** Where a responder's pod is looked for: the last address that pods of a PodCIDR can have. */
export function responderAddress(podCIDR: Prefix): Addr {
  return (podCIDR.family === "ipv4" ? podCIDR.last.plus(-1n) : podCIDR.last) ?? podCIDR.last;
}

/** An address as sockets write it, without IPv6's form of an IPv4 address. */
export function plainAddress(text: string): string {
  const plain = text.replace(/^::ffff:(?=\d+\.)/i, "");
  return tryParseAddr(plain)?.toString() ?? plain;
}
