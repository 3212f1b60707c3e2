// A key or token. It comes from a file of its own, is shown as `[redacted]` wherever it is printed, and leaves this class only by
// `reveal()`, which a policy test allows to the HTTP client alone.

import { HeadcniError } from "./errors.ts";
import type { Files } from "./fs/files.ts";
import { octal } from "./fs/octal.ts";

const redacted = "[redacted]";
/** Where `node:util` and Bun look for how to print a value. */
const inspectSymbol = Symbol.for("nodejs.util.inspect.custom");

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value, for the wire. */
  reveal(): string {
    return this.#value;
  }

  /** `text` with the value replaced: for the words of a server that may repeat what it was sent. */
  redactIn(text: string): string {
    return this.#value === "" ? text : text.replaceAll(this.#value, redacted);
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [Symbol.toPrimitive](): string {
    return redacted;
  }

  [inspectSymbol](): string {
    return redacted;
  }
}

/** More than any key or token; a certificate chain by mistake is refused by its line breaks. */
const maxBytes = 64 << 10;

/**
 * Reads a secret from a file that only its owner may read: root, or the user of this process. One line; the line break at its end
 * is no part of it. Links are followed, as a Secret that Kubernetes mounts consists of them.
 * @public
 * @throws HeadcniError HC_SECRET_FILE, which names file and remedy and never what the file holds; as `Files.read`
 */
export function readSecret(files: Files, path: string): Secret {
  const value = readOwnersText(files, path).replace(/\r?\n$/, "");
  const refuse = refusing(path);
  if (value === "") throw refuse("the file is empty", "write the key or token into it, on one line");
  // What a header can carry (RFC 9110, field-vchar): anything else is no key, or more than one.
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw refuse(
      "it is not one line of ASCII characters without spaces",
      "write the key or token alone into it, on one line",
    );
  }
  return new Secret(value);
}

/**
 * The text of a file that holds a secret among other things, as a private key in PEM, and that only its owner may read.
 * @throws HeadcniError as `readSecret`
 */
export function readOwnersText(files: Files, path: string): string {
  const bytes = files.read(path, maxBytes);
  refuseOpenFile(files, path);
  return new TextDecoder().decode(bytes);
}

function refusing(path: string) {
  return (why: string, hint: string): HeadcniError =>
    new HeadcniError("HC_SECRET_FILE", `Cannot use the secret in ${path}: ${why}`, { hint, details: { path } });
}

/**
 * Refuses a file that others than its owner may read. To be called after the reading, so that a mode changed in between counts.
 * @throws HeadcniError HC_SECRET_FILE
 */
export function refuseOpenFile(files: Files, path: string): void {
  const refuse = refusing(path);
  const info = files.stat(path);
  if (info === undefined) throw refuse("the file has just been removed", "put it back");
  if ((info.mode & 0o177) !== 0) {
    const mode = octal(info.mode);
    throw refuse(
      `its mode is ${mode}, which is wider than 0600`,
      `chmod 0600 ${path}; in a Secret volume of Kubernetes set defaultMode: 0400`,
    );
  }
  if (info.uid !== 0 && info.uid !== files.owner.uid) {
    throw refuse(
      `it belongs to user ${info.uid}, who is neither root nor the user HeadCNI runs as (${files.owner.uid})`,
      `chown ${files.owner.uid} ${path}`,
    );
  }
}
