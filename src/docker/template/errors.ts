/** The two errors of the template engine. Message shapes follow Go's text/template, so that what users know stays true. */

/** A template that cannot be parsed or executed; the text is ready to be shown to the user. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** A function or method refused its arguments. The evaluator turns it into a TemplateError that says where. */
export class CallError extends Error {
  override readonly name = 'CallError';
}
