/**
 * One error with every problem in the options. The words are composed here, once, from data; they end up in the
 * output of `docker run`, so they must never hold the phrases that the CLI turns into exit codes 126 and 127.
 */

export interface Problem {
  readonly option: string;
  /** "expected an integer >= -1", "unknown option": what was wanted, without the value. */
  readonly wanted: string;
  /** What was given instead, made by `showValue`: quoted, shortened, without secrets. */
  readonly value?: string | undefined;
  /** The name that was probably meant. */
  readonly suggestion?: string | undefined;
  /** Where the value came from, in words: see Layer. */
  readonly origin: string;
}

/** More lines would bury the first ones. */
const LISTED_PROBLEMS = 20;

export class OptionError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(compose(problems));
    this.name = 'OptionError';
    this.problems = problems;
  }
}

/** What is wrong, without where. */
export function describeProblem({ option, wanted, value, suggestion }: Omit<Problem, 'origin'>): string {
  const got = value === undefined ? '' : `, got ${value}`;
  const meant = suggestion === undefined ? '' : `, did you mean ${suggestion}?`;
  return `${showName(option)}: ${wanted}${got}${meant}`;
}

function describe(problem: Problem): string {
  return `${describeProblem(problem)} (${problem.origin})`;
}

function compose(problems: readonly Problem[]): string {
  const lines = problems.slice(0, LISTED_PROBLEMS).map(describe);
  if (lines.length === 1) return `nats: ${lines[0]}`;
  const more = problems.length - lines.length;
  return [`nats: ${problems.length} problems in the options`, ...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

const SHOWN_CHARACTERS = 64;
const SHOWN_PATH = 500;
/** Control characters, line separators and direction marks that JSON leaves as they are. */
const INVISIBLE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** A text of any size and content on one line, in quotes. */
export function quote(text: string, limit = SHOWN_CHARACTERS): string {
  const shown = JSON.stringify(text.slice(0, limit))
    .replace(INVISIBLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return text.length > limit ? `${shown}… (${Buffer.byteLength(text)} bytes)` : shown;
}

/** The end of a path tells most. */
export function quotePath(path: string): string {
  return quote(path, SHOWN_PATH);
}

function showName(name: string): string {
  return /^[A-Za-z0-9_.-]{1,64}$/.test(name) ? name : quote(name);
}
