// Protocol buffers for the dozen messages HeadCNI exchanges with a container runtime: a message is a table of fields, its
// type follows from the table. Reading and writing of the wire format itself is protobufjs's. Unknown fields are passed over.

import { Reader, Writer } from "protobufjs/minimal";

/** One field: what may be written to it, and what it reads as. */
export interface Field<Read, Write = Read> {
  readonly number: number;
  /** The value of a field that is not on the wire. */
  initial(): Read;
  write(writer: Writer, value: Write): void;
  /** @param before the value so far: lists grow by one entry a time. */
  read(reader: Reader, before: Read): Read;
}

/** Bytes from a message and back. */
export interface Message<Read, Write> {
  encode(value: Write): Uint8Array;
  /** @throws Error when the bytes are not a message of this kind. */
  decode(bytes: Uint8Array): Read;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Reads<F extends Fields> = { readonly [K in keyof F]: ReturnType<F[K]["initial"]> };
type Writes<F extends Fields> = { readonly [K in keyof F]?: Parameters<F[K]["write"]>[1] };

/** The message that has these fields. One that is left out when writing is not sent; reading gives every field a value. */
export function message<F extends Fields>(fields: F): Message<Reads<F>, Writes<F>> {
  const entries = Object.entries(fields);
  const byNumber = new Map(entries.map(([name, field]) => [field.number, { name, field }]));
  return {
    encode: (value) => {
      const writer = Writer.create();
      for (const [name, field] of entries) {
        const item = value[name];
        if (item !== undefined) field.write(writer, item);
      }
      return writer.finish();
    },
    decode: (encoded) => {
      const reader = Reader.create(encoded);
      const values: Record<string, unknown> = {};
      for (const [name, field] of entries) values[name] = field.initial();
      while (reader.pos < reader.len) {
        const tag = reader.uint32();
        const known = byNumber.get(tag >>> 3);
        if (known === undefined) reader.skipType(tag & 7);
        else values[known.name] = known.field.read(reader, values[known.name]);
      }
      // Every field of the table has been set above.
      return values as Reads<F>;
    },
  };
}

const varint = 0;
const lengthDelimited = 2;
const tag = (number: number, wireType: number): number => (number << 3) | wireType;

export function string(number: number): Field<string> {
  return {
    number,
    initial: () => "",
    write: (writer, value) => void writer.uint32(tag(number, lengthDelimited)).string(value),
    read: (reader) => reader.string(),
  };
}

export function bytes(number: number): Field<Uint8Array> {
  return {
    number,
    initial: () => new Uint8Array(),
    write: (writer, value) => void writer.uint32(tag(number, lengthDelimited)).bytes(value),
    read: (reader) => reader.bytes(),
  };
}

/** @public for the harness, a CRI client with more calls */
export function bool(number: number): Field<boolean> {
  return {
    number,
    initial: () => false,
    write: (writer, value) => void writer.uint32(tag(number, varint)).bool(value),
    read: (reader) => reader.bool(),
  };
}

/** A 32-bit number, an enumeration, or a 64-bit number that is known to be small. @public for the harness */
export function int(number: number): Field<number> {
  return {
    number,
    initial: () => 0,
    write: (writer, value) => void writer.uint32(tag(number, varint)).int32(value),
    read: (reader) => reader.int32(),
  };
}

/** A message inside the message; undefined when it is not there. @public for the harness */
export function nested<Read, Write>(number: number, kind: Message<Read, Write>): Field<Read | undefined, Write> {
  const inner = bytes(number);
  return {
    number,
    initial: () => undefined,
    write: (writer, value) => inner.write(writer, kind.encode(value)),
    read: (reader) => kind.decode(reader.bytes()),
  };
}

/** Any number of messages. */
export function list<Read, Write>(number: number, kind: Message<Read, Write>): Field<Read[], readonly Write[]> {
  const inner = bytes(number);
  return {
    number,
    initial: () => [],
    write: (writer, values) => {
      for (const value of values) inner.write(writer, kind.encode(value));
    },
    read: (reader, before) => {
      before.push(kind.decode(reader.bytes()));
      return before;
    },
  };
}

/** Any number of strings. @public for the harness */
export function strings(number: number): Field<string[], readonly string[]> {
  const inner = string(number);
  return {
    number,
    initial: () => [],
    write: (writer, values) => {
      for (const value of values) inner.write(writer, value);
    },
    read: (reader, before) => {
      before.push(reader.string());
      return before;
    },
  };
}
