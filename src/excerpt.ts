/** What a viewer is shown of a session: bounded where the lines are, so that a busy container costs a viewer that is far away no more than a quiet one. */
import type { Viewer } from './core/viewer.ts';
import type { LogEntry } from './core/types.ts';
import type { TailListener } from './tail.ts';

/** What a person can look through, and a browser draw. */
const LINES_PER_SECOND = 500;
/** Of a line. */
const SHOWN_BYTES = 4096;
const SECOND_MS = 1000;

export class Excerpt implements TailListener {
  readonly #viewer: Viewer;
  readonly #timer: NodeJS.Timeout;
  /** In this second. */
  #lines = 0;
  #skipped = 0;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    this.#timer = setInterval(() => this.#tick(), SECOND_MS).unref();
  }

  line({ bytes, start, end, source }: LogEntry): void {
    if (this.#lines >= LINES_PER_SECOND) {
      this.#skipped++;
      return;
    }
    this.#lines++;
    const shown = Math.min(end, start + SHOWN_BYTES);
    this.#viewer.line(source, Buffer.from(bytes.buffer, bytes.byteOffset + start, shown - start).toString() + (shown < end ? '…' : ''));
  }

  ended(): void {
    this.close();
    this.#tick();
    this.#viewer.ended();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    if (this.#skipped > 0) this.#viewer.skipped(this.#skipped);
    this.#lines = 0;
    this.#skipped = 0;
  }
}
