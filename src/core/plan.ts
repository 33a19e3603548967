/** What a session is to do, as the options of its container and the configuration have it. */
import type { Options } from './options.generated.ts';
import type { Target } from './target.ts';

/** The output that every session has. */
export const MAIN_OUTPUT = 'main';

/** Where a session's lines go, and in which form: what the options of a container amount to. */
export interface OutputPlan {
  /** Tells it from the other outputs of the session; stays the same when the rest changes. */
  readonly name: string;
  readonly facts: ContainerFacts;
  readonly subject: string;
  readonly target: Target;
  readonly format: Options['nats-format'];
  readonly transport: Options['nats-transport'];
  /** JetStream: the stream that must take the lines; undefined: any that covers the subject. */
  readonly stream?: StreamPlan;
  /** Subject for lines that NATS will never take on the session's own. */
  readonly deadLetter?: string;
  readonly oversize: Options['nats-oversize'];
}

/** All that a session needs to know: its main output, others that get the same lines, and what concerns all of them. */
export interface SessionPlan extends OutputPlan {
  readonly further: readonly OutputPlan[];
  readonly overflow: OverflowPlan;
}

/** An output that is not in the configuration any more, and still delivers what came before. */
export interface LeavingOutput {
  readonly name: string;
  readonly transport: Options['nats-transport'];
  /** Offset behind the last line that is for it. */
  readonly end: number;
}

/** What happens when there is no room for more lines. */
export interface OverflowPlan {
  readonly policy: Options['nats-overflow'];
  /** How long `block` may leave the FIFO unread, in milliseconds. */
  readonly blockMs: number;
  /** Bytes that this session may keep; undefined: as many as all together. */
  readonly limit?: number;
}

export interface StreamPlan {
  readonly name: string;
  /** Make it if it is missing. */
  readonly create: boolean;
  /** That it has then. */
  readonly subjects: readonly string[];
}

/** The constant facts of a container that go into each of its messages. */
export interface ContainerFacts {
  readonly id: string;
  /** Without its leading slash. */
  readonly name: string;
  readonly imageId: string;
  readonly imageName: string;
  readonly hostname: string;
  readonly tag: string;
  /** Labels and environment chosen by the options; never one of the message's own keys. */
  readonly attributes: ReadonlyMap<string, string>;
}
