// HTML by template: every value is escaped unless it is HTML already, so that a name from the tailnet stays text. Pure.

/** A piece of HTML. Only `html` makes one. */
export class Html {
  /** Its source. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type HtmlValue = Html | string | number | readonly Html[];

/** Tagged template; values may stand between tags and within quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.map((part, at) => part + (at < values.length ? source(values[at] ?? "") : "")).join(""));
}

export const nothing = html``;

function source(value: HtmlValue): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return String(value).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
