/**
 * Where each of several outputs is: a file for each, as the watermark's, which is that of the slowest. They are written
 * before it, so that none lies behind it for long.
 */
import type { Mark } from '../core/journal.ts';
import { systemCode, type FileSystem, type SyncTarget } from './file-system.ts';
import type { SegmentFolder } from './segment.ts';
import { WATERMARK_FILE, WatermarkFile } from './watermark-file.ts';

const PREFIX = `${WATERMARK_FILE}-`;

/** Whether a file of the folder is one of these. */
export function isMarkFile(name: string): boolean {
  return name.startsWith(PREFIX);
}

interface Entry {
  readonly file: WatermarkFile;
  mark: Mark | undefined;
}

export class Marks {
  readonly #fs: FileSystem;
  readonly #folder: SegmentFolder;
  readonly #epoch: number;
  readonly #entries = new Map<string, Entry>();

  /** Those of another `epoch` say nothing. */
  constructor(fs: FileSystem, folder: SegmentFolder, epoch: number) {
    this.#fs = fs;
    this.#folder = folder;
    this.#epoch = epoch;
  }

  get(output: string): Mark | undefined {
    return this.#entries.get(output)?.mark ?? this.#load(this.#fileOf(output));
  }

  set(output: string, offset: number, sequence: number): void {
    this.#entry(output).mark = { offset, sequence };
  }

  get isSaved(): boolean {
    return [...this.#entries.values()].every(isSaved);
  }

  /** Throws the system's error. */
  save(): void {
    for (const entry of this.#entries.values()) {
      if (entry.mark !== undefined && !isSaved(entry)) entry.file.save({ ...entry.mark, epoch: this.#epoch, isAhead: false });
    }
  }

  /** Throws the system's error. */
  sync(): void {
    for (const file of this.files) file.sync();
  }

  *makeSafe(): Generator<SyncTarget, void> {
    for (const file of this.files) yield* file.makeSafe();
  }

  /** Of the outputs that have a mark. */
  get files(): readonly WatermarkFile[] {
    return [...this.#entries.values()].map(({ file }) => file);
  }

  #entry(output: string): Entry {
    let entry = this.#entries.get(output);
    if (entry === undefined) {
      const file = this.#fileOf(output);
      entry = { file, mark: this.#load(file) };
      this.#entries.set(output, entry);
    }
    return entry;
  }

  #fileOf(output: string): WatermarkFile {
    return new WatermarkFile(this.#fs, this.#folder.path, this.#folder.seed, PREFIX + output);
  }

  /** What cannot be read says nothing: lines are then delivered again. */
  #load(file: WatermarkFile): Mark | undefined {
    try {
      file.load();
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return undefined;
    }
    const { saved } = file;
    return saved?.epoch === this.#epoch ? { offset: saved.offset, sequence: saved.sequence } : undefined;
  }
}

function isSaved({ file, mark }: Entry): boolean {
  return mark === undefined || (file.saved?.offset === mark.offset && file.saved.sequence === mark.sequence);
}
