// What may fail as expected, as a value: for readers and parsers whose callers decide what a fault means. Pure.

/** The value, or why there is none: by default a sentence's end, e.g. `is not JSON`. */
export type Result<T, Fault = string> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "fault"; readonly why: Fault };

export function ok<T>(value: T): { readonly kind: "ok"; readonly value: T } {
  return { kind: "ok", value };
}

export function fault<Fault>(why: Fault): { readonly kind: "fault"; readonly why: Fault } {
  return { kind: "fault", why };
}
